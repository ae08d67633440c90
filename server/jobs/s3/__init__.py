"""Finished audio in S3, or in a store that speaks like it."""
