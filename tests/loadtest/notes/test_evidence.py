"""What counts as lost, and what as landed twice."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from loadtest.notes.batches import Note
from loadtest.notes.evidence import Evidence
from loadtest.notes.listing import Shown
from loadtest.texts import SENTENCES

#: Of the same sentence.
ONE, OTHER = Note(0, "run"), Note(len(SENTENCES), "run")


def shown(**fields: Any) -> Shown:  # noqa: ANN401 as it is shown
    whole = {"id": "one", "state": "stored", "bytes": 5, "attempts": 1}
    times = {"begun_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:00:02+00:00"}
    return {**whole, **times, **fields}


def figures(
    landed: Mapping[str, Sequence[int]], *notes: Shown, num_replaced: int = 0, take: int = 1
) -> dict[str, float]:
    evidence = Evidence(
        accepted={"one": ONE, "other": OTHER},
        shown={note["id"]: note for note in (*notes, shown(id="other"))},
        landed=landed,
        num_replaced=num_replaced,
        take=lambda _: take,
    )
    return {figure.name: figure.value for figure in evidence.figures() if not figure.is_kept}


WHOLE = {"one": [5], "other": [5]}


def test_what_is_stored_and_there_once_is_as_it_must_be() -> None:
    assert figures(WHOLE, shown()) == {}


@pytest.mark.parametrize(
    ("landed", "notes"),
    [
        (WHOLE, ()),
        (WHOLE, (shown(state="failed"),)),
        ({"other": [5]}, (shown(),)),
        (WHOLE, (shown(bytes=6),)),
    ],
    ids=["unknown", "failed", "not there", "not as long as it says"],
)
def test_a_note_is_lost_in_more_than_one_way(
    landed: Mapping[str, Sequence[int]], notes: Sequence[Shown]
) -> None:
    assert figures(landed, *notes) == {"lost": 1}


def test_a_second_version_and_one_that_replaced_another_have_landed_twice() -> None:
    assert figures({**WHOLE, "one": [5, 5]}, shown()) == {"landed twice": 1}
    assert figures(WHOLE, shown(), num_replaced=2) == {"landed twice": 2}
    assert figures(WHOLE, shown(), num_replaced=-1) == {"landed twice": -1}


def test_audio_that_nobody_asked_for_and_a_note_that_was_cut_are_seen() -> None:
    assert figures({**WHOLE, "third": [5]}, shown()) == {"landed of nobody's": 1}
    cut = figures({**WHOLE, "one": [4]}, shown(bytes=4))
    assert cut == {"sentences whose notes differ in length": 1}


@pytest.mark.parametrize(("take", "refused"), [(1, 1), (2, 1), (3, 0)])
def test_a_landing_was_refused_where_an_earlier_take_is_there(take: int, refused: int) -> None:
    evidence = Evidence(
        accepted={"one": ONE},
        shown={"one": shown(attempts=3)},
        landed={"one": [5]},
        num_replaced=0,
        take=lambda _: take,
    )
    told = {figure.name: figure.value for figure in evidence.figures()}
    assert told["second landings refused"] == refused
    assert (told["made more than once"], told["takes too many"]) == (1, 2)
    assert told["made a second"] == 0.5
