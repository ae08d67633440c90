"""Voxline in the frameworks of voice agents; each has a folder, and needs the extra of its name."""
