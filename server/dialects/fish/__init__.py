"""The routes of Fish Audio and of fish-speech, as their clients, Pipecat and LiveKit use them."""
