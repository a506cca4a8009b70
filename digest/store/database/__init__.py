"""The database itself: connections, tables, schema, shared statements; the modules beside it query by subject."""
