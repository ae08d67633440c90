"""Text in, PCM out, one batched step at a time."""
