"""`/v1/audio/speech` and `/v1/models`, as OpenAI's clients expect them."""
