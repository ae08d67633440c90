"""The way from the PCM of the model to the bytes of a client."""
