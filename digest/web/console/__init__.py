"""The console: pages on which people who log in run the installation. Loaded only where `console.on` is set."""
