"""Reads subscriber lists that other programs export, and writes our own list to a file."""
