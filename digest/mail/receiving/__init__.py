"""Reads bounces, complaints and providers' events."""
