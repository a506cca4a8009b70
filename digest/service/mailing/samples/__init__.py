"""Mails for operators only: previews, samples for templates, and test mails."""
