"""Use cases, in the order of the data: intake, publishing, editions, mailing, people, and the care of all that."""
