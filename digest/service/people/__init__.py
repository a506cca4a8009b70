"""Subscribers: joining, leaving, preferences, imports, and who gets an edition."""
