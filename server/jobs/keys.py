"""Where audio lands, checked: a key becomes a path, or part of an address."""

import re

#: What `server.jobs.job.Job.key` makes: an id, a digest and a format.
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}/[0-9a-f]{1,64}\.[a-z0-9]{1,16}")


def checked(key: str) -> str:
    """Return `key`.

    Raises:
        ValueError: no job has such a key.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a job")
    return key
