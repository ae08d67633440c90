"""Where jobs wait on one machine: a file of SQLite, with one process and one thread at it."""
