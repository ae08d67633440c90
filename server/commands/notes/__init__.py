"""`voxline notes`: notes that nobody waits for."""
