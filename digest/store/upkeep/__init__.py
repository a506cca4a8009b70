"""Backups, deletion of old rows, checks and histories of the whole store."""
