"""Writes and sends mails: letters of an edition, and short mails to one person."""
