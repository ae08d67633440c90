"""What a server shows, as a batch sees it.

Each function raises a `LookupError`, `TypeError` or `ValueError` of what no Voxline server shows.
"""

import json
from collections.abc import Mapping
from typing import Any

from server.commands.batch.maker import Accepted, Answer, Later, Refused, Sight
from server.commands.batch.patience import Away
from server.commands.notes.answers import plain
from server.jobs.job import JobState


def answers_of(body: bytes, num_lines: int) -> list[Answer]:
    """Return the answers to a batch of so many lines; fewer, where it was not read to its end.

    Raises:
        Away: its notes cannot be kept at the moment.
    """
    answers = [_answer(json.loads(line)) for line in body.splitlines()]
    if not 1 <= len(answers) <= num_lines:
        raise ValueError("there are no answers, or more than lines")
    return answers


def sight_of(note: Mapping[str, Any]) -> Sight:
    """Return how far a note is."""
    error = note["error"]
    return Sight(
        state=JobState(note["state"]),
        made_s=float(note["audio_s"]["made"]),
        reason=None if error is None else plain(error["message"]),
    )


def _answer(line: Mapping[str, Any]) -> Answer:
    match line["status"]:
        case 202:
            return Accepted(str(line["id"]))
        case 429:
            return Later(float(line["retry_after_s"]))
        case 503:
            raise Away(plain(line["detail"]), float(line.get("retry_after_s", 0.0)))
    return Refused(plain(line["detail"]))
