"""What operators see: health, status, alerts, monitoring, and clock faults."""
