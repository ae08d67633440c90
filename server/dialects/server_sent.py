"""Server-sent events: a line of JSON in each."""

import json
from collections.abc import Mapping

MEDIA_TYPE = "text/event-stream"


def event(data: Mapping[str, object]) -> bytes:
    """Return an event that has no name and says `data`."""
    return f"data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
