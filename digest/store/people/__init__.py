"""Subscribers: consent, links that wait for their owner, bulk imports, lists."""
