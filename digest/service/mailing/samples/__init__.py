"""Mails that nobody gets: previews, samples for templates, and trial mails."""
