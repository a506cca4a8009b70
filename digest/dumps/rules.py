"""The version of the parsing rules. Decision 13."""

RULES = 3
"""To be raised with each change of what any dump is read as, so that a program with new rules reads old files again.

1: lines that are exactly marks. 2: marks as sites print them, lines that are nearly marks, learned end marks.
3: a time behind the day of a header.
"""
