"""Opens archives and compressed files: each record in them is a page of its own. Nothing is extracted to a folder."""
