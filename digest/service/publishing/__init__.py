"""What everybody can read: feeds, pages, pictures of formulas, and the hub that hears of changes."""
