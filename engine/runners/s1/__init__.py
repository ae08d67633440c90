"""OpenAudio S1-mini in our own PyTorch. Nothing outside this package imports torch."""
