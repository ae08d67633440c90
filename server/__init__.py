"""The HTTP and WebSocket faces of the engine, and the program that composes them."""
