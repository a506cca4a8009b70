"""Public content: feeds, pages, pictures of formulas, and the hub that is notified of changes."""
