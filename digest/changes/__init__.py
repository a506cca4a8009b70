"""A snapshot and what is known become a change set: matching, fingerprints, dates, guards. All pure."""
