"""The tables of the store by subject, and nothing else: no query, no connection. `metadata` contains all of them.

Everything here must also work on PostgreSQL. The migrations create the tables in use; a test compares the two.
"""

from digest.store.database.tables import console, editions, intake, mailing, operating, people, publishing
from digest.store.database.tables.columns import metadata

__all__ = ["console", "editions", "intake", "mailing", "metadata", "operating", "outlets", "people", "publishing"]
