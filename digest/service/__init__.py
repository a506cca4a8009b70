"""Use cases, in the order of the data flow: intake, publishing, editions, mailing, people; and their upkeep."""
