"""`/v1/notes`: a text becomes an audio file."""
