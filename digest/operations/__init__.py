"""Everything that an operator can look at or do, once for the commands, the API and the console.

Each module holds one subject: the JSON forms of its things, what may be asked, and its operations.
"""
