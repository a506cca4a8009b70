"""When an edition is due and what it is called. All pure."""
