"""What operators do to entries by hand: edit, merge, split, hide, and undo."""
