"""A bucket of S3, or of a store that speaks like it: audio and voices are kept in one."""
