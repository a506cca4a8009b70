"""Composes mails, sends them and reads what comes back: text, MIME, transports, classes of replies.

This package is the only home of aiosmtplib.
"""
