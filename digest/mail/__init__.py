"""Editions become messages and leave: words, MIME, transports, reply classes. The only home of aiosmtplib."""
