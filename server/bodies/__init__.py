"""The bodies of requests: read within bounds, field by field, and strictly."""
