"""What is accepted is fixed: what is made later is what was asked for, whoever makes it."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codes import ErrorCode
from protocol.fields import MAX_SEED
from server.bodies.fields import read_fields
from server.errors import RequestError
from server.jobs.acceptance import JOB_FIELDS, Acceptance, note_in
from server.jobs.desk import Desk
from server.jobs.job import Job, Priority
from server.jobs.keys import checked
from server.jobs.limits import JobLimits
from server.notes.request import note_of
from server.places import CHARS_PER_S
from server.service import Service
from tests.helpers.virtual_engine_thread import VirtualEngineThread

NOW = 1_000_000.0
LIMITS = JobLimits(max_chars=200, expiry_s=1_000.0)

#: No halves of surrogate pairs, and something to speak.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(
    lambda text: text.strip()
)
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"text": TEXTS},
    optional={
        "format": st.sampled_from(["wav", "pcm", None]),
        "sample_rate": st.sampled_from([8_000, 16_000, 24_000, 48_000, None]),
        "speed": st.floats(0.25, 4.0),
        "pitch": st.floats(-12.0, 12.0),
        "volume_db": st.floats(-20.0, 0.0),
        "seed": st.integers(0, MAX_SEED),
        "normalize": st.booleans(),
        "lexicon": st.dictionaries(
            st.from_regex(r"[a-z]{1,10}", fullmatch=True), st.just("word"), max_size=3
        ),
        "priority": st.sampled_from([*map(str, Priority), None]),
        "expires_s": st.floats(0.001, 1_000.0),
        "webhook": st.just("https://example.org/told"),
    },
)
KEYS = st.from_regex(r"[\x21-\x7e][\x20-\x7e]{0,254}", fullmatch=True)


@pytest.fixture(scope="module")
def acceptance() -> Acceptance:
    desk = SimpleNamespace(limits=LIMITS, clock=lambda: NOW)
    return Acceptance(Service(VirtualEngineThread().client), cast("Desk", desk))


def accepted(acceptance: Acceptance, fields: dict[str, Any], key: str | None = None) -> Job:
    """Return the job of a request that was sent as JSON."""
    read = read_fields(json.dumps(fields).encode(), "application/json", JOB_FIELDS)
    return acceptance.accept(read, key).job


@given(fields=FIELDS)
@settings(max_examples=80)
def test_what_is_made_later_is_what_was_asked_for(
    acceptance: Acceptance, fields: dict[str, Any]
) -> None:
    job = accepted(acceptance, fields)
    made, asked = note_in(job), note_of(fields, LIMITS.max_chars)
    seed = made.parameters.sampling.seed
    assert seed is not None
    assert 0 <= seed <= MAX_SEED
    assert seed == fields.get("seed", seed)
    sampling = replace(asked.parameters.sampling, seed=seed)
    assert made.parameters == replace(asked.parameters, sampling=sampling)
    assert (made.text, made.format) == (asked.text, asked.format)


@given(fields=FIELDS, key=KEYS)
@settings(max_examples=40)
def test_the_same_request_by_the_same_key_is_the_same_job(
    acceptance: Acceptance, fields: dict[str, Any], key: str
) -> None:
    job = accepted(acceptance, fields, key)
    backwards = dict(reversed(fields.items()))
    assert accepted(acceptance, backwards, key) == job
    assert checked(job.key) == job.key
    other = accepted(acceptance, {**fields, "text": fields["text"][:199] + "."}, key)
    assert other.id == job.id
    assert (other.digest == job.digest) == (other.body == job.body)


@given(fields=FIELDS)
@settings(max_examples=40)
def test_how_it_is_kept_is_as_was_asked(acceptance: Acceptance, fields: dict[str, Any]) -> None:
    job = accepted(acceptance, fields)
    assert job.priority == (fields.get("priority") or "normal")
    assert job.format == (fields.get("format") or "wav")
    assert job.webhook == fields.get("webhook")
    assert job.accepted_at == NOW
    assert job.expires_at == NOW + fields.get("expires_s", LIMITS.expiry_s)
    assert job.num_chars == len(fields["text"])
    spoken_s = len(fields["text"]) / CHARS_PER_S / fields.get("speed", 1.0)
    assert job.audio_s == pytest.approx(spoken_s)


def test_without_a_key_no_two_are_the_same(acceptance: Acceptance) -> None:
    jobs = [accepted(acceptance, {"text": "Hello."}) for _ in range(1_000)]
    assert len({job.id for job in jobs}) == 1_000
    assert len({note_in(job).parameters.sampling.seed for job in jobs}) == 1_000
    assert len({job.digest for job in jobs}) == 1


@pytest.mark.parametrize(
    "key", ["", " leading", "two\nlines", "é", "x" * 256, "\x7f", "null\x00", "\ud800"]
)
def test_a_key_is_printable(acceptance: Acceptance, key: str) -> None:
    with pytest.raises(RequestError) as refused:
        acceptance.accept({"text": "Hello."}, key)
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_keys_that_begin_alike_are_others(acceptance: Acceptance) -> None:
    keys = ["a", "a ", "a  ", "A", "aa", "a" * 254, "a" * 255]
    ids = {acceptance.accept({"text": "Hello."}, key).job.id for key in keys}
    assert len(ids) == len(keys)


@pytest.mark.parametrize("name", ["text", "priority", "webhook", "language", "voice"])
def test_half_a_surrogate_pair_is_refused_wherever_it_is(acceptance: Acceptance, name: str) -> None:
    with pytest.raises(RequestError) as refused:
        accepted(acceptance, {"text": "Hello.", name: "half a pair: \ud800"})
    assert refused.value.code in {ErrorCode.BAD_VALUE, ErrorCode.UNKNOWN_VOICE}
