"""Makes editions: when one is due, what it selects, its frozen texts, and its digest."""
