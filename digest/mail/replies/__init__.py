"""Judges servers' refusals: whom they are about, whether they are limits, and what follows."""
