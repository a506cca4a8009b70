"""HTTP: feeds, pages, unsubscribing, health. Calls the service and decides nothing about entries."""
