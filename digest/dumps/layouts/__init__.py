"""How listing pages print an entry, one module a layout."""
