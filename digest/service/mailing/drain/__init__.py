"""A drain: leases deliveries, sends them with several workers, and records each answer."""
