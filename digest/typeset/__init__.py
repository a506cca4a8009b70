"""Blocks and dates become HTML or plain text, for whatever channel. Pure; formulas stay literal TeX."""
