"""However a body is cut into parts, its lines are the same."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from protocol.codes import ErrorCode
from server.bodies.arriving import BODY_TIMEOUT_S
from server.errors import RequestError
from server.jobs.http.lines import MAX_BODY_S, lines_of

pytestmark = pytest.mark.anyio

MAX_BYTES = 8
MAX_LINES = 500
GROUP = 3

LINES = st.lists(
    st.binary(max_size=MAX_BYTES).map(lambda line: line.replace(b"\n", b"x")), max_size=12
)
CUTS = st.lists(st.integers(0, 120), max_size=8)


def arriving(parts: Sequence[bytes], *, every_s: float = 0.0, leaves: bool = False) -> Receive:
    """Return a client that sends `parts`, and then ends, or leaves."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if leaves:
        messages.append({"type": "http.disconnect"})
    elif messages:
        messages[-1]["more_body"] = False
    else:
        messages.append({"type": "http.request"})
    left: Iterable[Message] = iter(messages)

    async def receive() -> Message:
        await anyio.sleep(every_s)
        return next(left)  # type: ignore[call-overload, no-any-return]

    return receive


async def read(receive: Receive) -> list[list[bytes]]:
    return [group async for group in lines_of(receive, GROUP, MAX_BYTES, MAX_LINES)]


def cut(body: bytes, cuts: Iterable[int]) -> list[bytes]:
    ends = [0, *sorted(min(each, len(body)) for each in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(ends)]


@given(lines=LINES, cuts=CUTS, has_end=st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_cuts_change_nothing(lines: list[bytes], cuts: list[int], *, has_end: bool) -> None:
    body = b"\n".join(lines) + b"\n" * has_end
    groups = await read(arriving(cut(body, cuts)))
    assert [line for group in groups for line in group] == [each for each in lines if each.strip()]
    assert all(1 <= len(group) <= GROUP for group in groups)


async def test_what_has_come_is_handed_over_before_the_rest_comes() -> None:
    began = anyio.current_time()
    groups = lines_of(arriving([b"a\nb", b"c\nd"], every_s=10), GROUP, MAX_BYTES, MAX_LINES)
    times = [anyio.current_time() - began async for _ in groups]
    assert times == pytest.approx([10, 20])


@pytest.mark.parametrize(
    "parts",
    [
        [b"x" * (MAX_BYTES + 1)],
        [b"x" * (MAX_BYTES + 1) + b"\n"],
        [b"a\n" + b"x" * (MAX_BYTES + 1)],
        [b"x"] * (MAX_BYTES + 1),
        [b"\r" + b"x" * MAX_BYTES],
    ],
)
async def test_a_line_has_a_bound_whether_it_ends_or_not(parts: list[bytes]) -> None:
    with pytest.raises(RequestError) as refused:
        await read(arriving([*parts, b"never sent"]))
    assert refused.value.code is ErrorCode.TEXT_TOO_LONG


@pytest.mark.parametrize("has_end", [True, False])
@pytest.mark.parametrize("size", [1, 3, 100])
async def test_lines_before_one_that_is_too_long_come_and_it_is_told_which_that_was(
    size: int, *, has_end: bool
) -> None:
    body = b"a\n\nb\nc\nd\n" + b"x" * (MAX_BYTES + 1) + b"\nnever read" * has_end
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    came: list[bytes] = []

    async def take_all() -> None:
        async for group in lines_of(arriving(parts), GROUP, MAX_BYTES, MAX_LINES):
            came.extend(group)

    with pytest.raises(RequestError, match="line 6 has") as refused:
        await take_all()
    assert refused.value.code is ErrorCode.TEXT_TOO_LONG
    assert came == [b"a", b"b", b"c", b"d"]


async def test_whoever_leaves_has_sent_the_lines_that_ended() -> None:
    groups = lines_of(arriving([b"a\nb\nhalf"], leaves=True), GROUP, MAX_BYTES, MAX_LINES)
    assert await anext(groups) == [b"a", b"b"]
    with pytest.raises(ClientDisconnect):
        await anext(groups)


@pytest.mark.parametrize(
    ("every_s", "lasts_s"), [(BODY_TIMEOUT_S + 1, BODY_TIMEOUT_S), (BODY_TIMEOUT_S - 1, MAX_BODY_S)]
)
async def test_whoever_sends_nothing_or_a_byte_now_and_then_is_not_waited_for(
    every_s: float, lasts_s: float
) -> None:
    began = anyio.current_time()
    with pytest.raises(RequestError) as refused:
        await read(arriving([b"a\n"] * 1_000, every_s=every_s))
    assert refused.value.code is ErrorCode.STALLED
    assert anyio.current_time() - began == pytest.approx(lasts_s, abs=1)


async def test_a_long_line_in_small_parts_costs_no_more_than_its_bytes() -> None:
    class Part(bytes):
        searched = 0

        def rfind(self, *_: object) -> int:
            Part.searched += len(self)
            return super().rfind(b"\n")

    parts = [Part(b"x" * 10)] * 1_000
    async for _ in lines_of(arriving(parts), GROUP, 10_000, MAX_LINES):
        pass
    assert Part.searched == 10_000


@pytest.mark.parametrize("num_lines", [1, GROUP, GROUP + 1, 2 * GROUP + 1, MAX_LINES])
@pytest.mark.parametrize("is_whole", [True, False])
async def test_no_more_lines_come_than_may_and_all_of_those_do(
    num_lines: int, *, is_whole: bool
) -> None:
    body = b"a\n" * (num_lines + 1)
    parts = [body] if is_whole else [body[at : at + 1] for at in range(len(body))]
    came: list[bytes] = []

    async def take_all() -> None:
        async for group in lines_of(arriving(parts), GROUP, MAX_BYTES, num_lines):
            came.extend(group)

    with pytest.raises(RequestError) as refused:
        await take_all()
    assert refused.value.code is ErrorCode.BAD_VALUE
    assert came == [b"a"] * num_lines
