"""Notes as people read them: a line each, or all of one."""

from collections.abc import Iterator, Mapping
from typing import Any

from server.commands.notes.answers import plain, printable

_ROW = "{:32}  {:9}  {:8}  {:6}  {:>15}  {:>9}  {:>5}  {:20}  {}"
HEADER = _ROW.format(
    "ID", "STATE", "PRIORITY", "FORMAT", "CHARACTERS", "AUDIO", "TRIES", "ACCEPTED", "ERROR"
).rstrip()
#: Of a time, up to its seconds.
_SECONDS = len("2026-01-31T12:00:00")


def row(note: Mapping[str, Any]) -> str:
    """Return a note as a line below `HEADER`."""
    characters, audio, error = note["characters"], note["audio_s"], note["error"]
    line = _ROW.format(
        note["id"],
        note["state"],
        note["priority"],
        note["format"],
        f"{characters['spoken']}/{characters['total']}",
        f"{audio['made']:.1f} s",
        note["attempts"],
        f"{note['accepted_at'][:_SECONDS]}Z",
        "" if error is None else f"{error['code']}: {error['message']}",
    )
    return printable(line).rstrip()


def details(note: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each thing that is known of a note."""
    for name, value in _flat(note):
        yield f"{name:22}{'-' if value is None else plain(value)}"


def _flat(note: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in note.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
