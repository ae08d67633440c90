"""`/openapi.json`: the routes over HTTP, what they take and what they answer."""
