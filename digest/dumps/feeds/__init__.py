"""Feeds as dumps: RSS, Atom and JSON Feed become sightings. Decision 301."""
