"""Small programs that show how Voxline is used."""
