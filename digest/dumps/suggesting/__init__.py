"""Recognition that suggests layouts: it draws what recurs on a page, and names what it is not sure of.

It publishes nothing. What it finds is a layout in the vocabulary of `digest.dumps.declared`, read by that engine; an
operator looks at the entries and keeps the layout, or not.
"""
