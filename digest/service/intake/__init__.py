"""From dump files to stored entries: read, compare, and apply in one transaction."""
