"""What has become of every note that was accepted: from the server's account, and from the store's.

A note is kept where it says so and its audio is there, as long as it says. It has landed twice
where its place holds more than one audio.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loadtest.notes.batches import Note
from loadtest.notes.listing import Shown, made_a_second
from loadtest.notes.verdict import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything, once nothing waits any more."""

    #: By id, as are the others.
    accepted: Mapping[str, Note]
    shown: Mapping[str, Shown]
    #: How many bytes each audio has that landed for a note.
    landed: Mapping[str, Sequence[int]]
    #: Audio that came later and replaced other audio, as far as the store tells.
    num_replaced: int
    #: Which take has landed, asked only of those that had several.
    take: Callable[[str], int]

    def figures(self) -> list[Figure]:
        """Return what must be, and what it has taken."""
        again = [note for note in self.shown.values() if note["attempts"] > 1]
        unknown = self.landed.keys() - self.accepted.keys()
        return [
            Figure("accepted", len(self.accepted)),
            Figure("lost", len(self._lost()), most=0),
            # Below zero, the store has not told all, and what was replaced may hide in it.
            Figure("landed twice", self._num_twice() + self.num_replaced, least=0, most=0),
            Figure("landed of nobody's", len(unknown), most=0),
            Figure("sentences whose notes differ in length", self._num_uneven(), most=0),
            Figure("made more than once", len(again)),
            Figure("takes too many", sum(note["attempts"] - 1 for note in again)),
            Figure("second landings refused", self._num_refused(again)),
            Figure("made a second", made_a_second(self.shown)),
        ]

    def _lost(self) -> list[str]:
        return [note_id for note_id in self.accepted if not self._is_kept(note_id)]

    def _is_kept(self, note_id: str) -> bool:
        shown = self.shown.get(note_id)
        if shown is None or shown["state"] != "stored":
            return False
        return shown["bytes"] in self.landed.get(note_id, ())

    def _num_twice(self) -> int:
        return sum(len(sizes) > 1 for sizes in self.landed.values())

    def _num_uneven(self) -> int:
        """Count the sentences of which a note was cut, or joined from two takes."""
        sizes: dict[str, set[int]] = defaultdict(set)
        for note_id, note in self.accepted.items():
            sizes[note.text].update(self.landed.get(note_id, ()))
        return sum(len(found) > 1 for found in sizes.values())

    def _num_refused(self, again: Sequence[Shown]) -> int:
        """Count the notes of which an earlier take is there than the last that was begun."""
        return sum(self.take(note["id"]) < note["attempts"] for note in again)
