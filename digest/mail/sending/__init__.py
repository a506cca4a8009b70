"""Sends messages: SMTP with pipelining, a fallback relay, or a maildir."""
