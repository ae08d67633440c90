"""Voices made of recordings: read with care, encoded once, and kept."""
