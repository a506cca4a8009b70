"""HTTP: feeds, pages, leaving, health. Asks the service, decides nothing about entries."""
