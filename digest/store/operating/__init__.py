"""What monitors and operators ask, alerts, and times that lie in the future."""
