"""The notes of one process: opened, and kept going beside its engine."""
