"""Typesets blocks and dates as HTML or plain text. Each output channel renders formulas in its own form."""
