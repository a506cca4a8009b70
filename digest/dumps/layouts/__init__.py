"""How listing pages print an entry, one module per layout."""
