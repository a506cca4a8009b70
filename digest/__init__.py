"""Digest: text dumps of a blog's listing pages in, a feed and a weekly digest out."""

__version__ = "0.2.0"
