"""The people who run an installation: their accounts, their ways to log in, their sessions."""
