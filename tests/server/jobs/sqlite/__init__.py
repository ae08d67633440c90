"""The queue in a file."""
