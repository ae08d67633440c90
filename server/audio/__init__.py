"""From the PCM of the model to the bytes a client asked for."""
