"""Entries as they are published: feeds, search, pictures, and what operators change."""
