"""Writes and sends mails: the mails of an edition, and short mails to one person."""
