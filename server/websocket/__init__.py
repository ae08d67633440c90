"""The face of `voxline.v1`."""
