"""Makes editions: when one is due, what it selects, its frozen words, and the digests that it belongs to."""
