"""The figures that the server is held to, each with its command and its bounds."""
