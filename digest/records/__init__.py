"""The values that the store takes and returns, by subject; light to import, without any query."""
