"""Fetches what sources by address or by command give, keeps it, and presents it as pages."""
