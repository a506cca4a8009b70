"""Blocks and dates become HTML or plain text, each formula as its channel shows it. Pure."""
