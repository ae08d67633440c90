"""What `voxline` can do, one module a command."""
