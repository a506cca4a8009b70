"""Handles refusals, bounces and complaints, and decides whether to suppress an address."""
