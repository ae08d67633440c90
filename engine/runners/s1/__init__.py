"""OpenAudio S1-mini in our own PyTorch."""
