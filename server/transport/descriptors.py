"""Descriptors: every connection takes one, and the system allows a process so many."""

import resource

#: What the process needs beside its connections: libraries, logs, the loop, files of a model.
OWN_DESCRIPTORS = 64
#: Connections beside those at work: probes, and callers who are told that there is no room.
SPARE_CONNECTIONS = 64


def most_connections(max_connections: int, max_notes: int) -> int:
    """Return how many connections of all kinds may be open: a note has one of its own."""
    return max_connections + max_notes + SPARE_CONNECTIONS


def most_descriptors() -> int | None:
    """Return how many the process can have, however many it may open now; `None` is no limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else hard


def allow_most_descriptors() -> None:
    """Let the process open all it can have. The usual 1,024 are kept low for old programs only."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
