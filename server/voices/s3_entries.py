"""What a bucket holds of each voice, found in a list of its objects."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.voices import VOICE_ID
from server.s3.bucket import Listed

#: Of the keys: `VOICES/ID/ABOUT`, and beside it the recording, named for its digest.
VOICES, ABOUT = "voices", "voice.json"


@dataclass(slots=True)
class Entry:
    """A voice, or what is left of one: without `about` it is none."""

    id: str
    about: Listed | None = None
    recordings: list[Listed] = field(default_factory=list)

    @property
    def num_bytes(self) -> int:
        """The size of what was recorded."""
        return sum(recording.num_bytes for recording in self.recordings)


def entries_of(listed: Iterable[Listed]) -> dict[str, Entry]:
    """Return what may be voices, by id."""
    entries: dict[str, Entry] = {}
    for found in listed:
        voice_id, name = found.key.split("/")[-2:]
        if not VOICE_ID.fullmatch(voice_id):
            continue
        entry = entries.setdefault(voice_id, Entry(voice_id))
        if name == ABOUT:
            entry.about = found
        else:
            entry.recordings.append(found)
    return dict(sorted(entries.items()))
