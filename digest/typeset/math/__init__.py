"""Formulas: found in text, then shown as MathML, plain HTML, linear Unicode or a picture. Pure, no files but a font."""
