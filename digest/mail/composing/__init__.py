"""Renders editions and short mails from templates, and builds messages from them."""
