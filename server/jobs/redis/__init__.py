"""Jobs that several processes share, in a Redis of version 7 or newer."""
