"""Settings that are changed while the service runs, without editing the configuration."""
