"""What is made for the eye, written out for the ear."""
