"""Operators' changes to entries: edit, merge, split, hide, and undo."""
