"""Decides when an edition is due and what its key is."""
