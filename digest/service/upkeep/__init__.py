"""Looks after the store: backups, retention, invariants, explanations and simulations."""
