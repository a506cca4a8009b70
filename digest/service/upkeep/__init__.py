"""Upkeep of the store: backups, retention, invariants, explanations and simulations."""
