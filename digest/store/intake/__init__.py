"""Sources, dumps and their readings: what a pass asks and stores."""
