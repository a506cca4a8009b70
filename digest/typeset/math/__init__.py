"""Finds formulas in text and renders them as MathML, plain HTML, linear Unicode or a picture.

Reads only a font file.
"""
