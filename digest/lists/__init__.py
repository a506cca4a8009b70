"""Lists of people as other programs export them: bytes to rows that are understood, and our own rows to a file."""
