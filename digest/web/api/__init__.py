"""The HTTP API: the table of operations as routes of JSON. It is loaded only where `api.on` is set."""
