"""The order of calls, nothing else: refreshing, making editions, delivering, reading what is published."""
