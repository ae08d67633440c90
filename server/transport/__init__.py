"""The socket below the application: what hypercorn leaves open, closed."""
