"""Notes as jobs: accepted, kept, made some time, and landed exactly once."""
