"""HTML in: what an article says, as paragraphs of plain text with their kinds.

How to use it:

    read = body(html, "https://example.org/post/", title="A title")   # a fragment or a document
    read.paragraphs, read.figures                                     # as in a Sighting
    read.kinds                                                        # a letter for each paragraph, see `letter_of`
    read.links                                                        # texts of links, and their absolute URLs

It raises nothing, whatever the markup, and takes time and memory in proportion to its length.
"""

from digest.dumps.html.blocks import Body, body

__all__ = ["Body", "body"]
