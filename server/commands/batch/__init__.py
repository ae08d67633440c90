"""`voxline notes batch`: a file of speech for each of many texts."""
