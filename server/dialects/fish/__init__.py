"""The routes of Fish Audio, as its SDKs, Pipecat and LiveKit use them."""
