"""A range is what RFC 9110 says it is, whatever the numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.jobs.http.ranges import ByteRange, RangeUnsatisfiable, read_range

NUMBERS = st.integers(0, 30) | st.integers(0, 10**18 - 1)
TOTALS = st.integers(0, 30)


def answered(header: str | None, total: int) -> bytes | None:
    """Return the part of a file of `total` bytes that is sent; None for 416."""
    file = bytes(range(total))
    try:
        part = read_range(header, total)
    except RangeUnsatisfiable:
        return None
    assert 0 <= part.start <= part.end <= total
    assert part.headers["Content-Length"] == str(part.end - part.start)
    if part.is_part:
        told = f"bytes {part.start}-{part.end - 1}/{total}"
        assert part.headers["Content-Range"] == told
    else:
        assert "Content-Range" not in part.headers
        assert part == ByteRange(0, total, total, is_part=False)
    return file[part.start : part.end]


@given(first=NUMBERS, last=NUMBERS, total=TOTALS)
def test_from_one_byte_to_another(first: int, last: int, total: int) -> None:
    found = answered(f"bytes={first}-{last}", total)
    if last < first:
        assert found == bytes(range(total))  # it is no range at all
    elif first >= total:
        assert found is None
    else:
        assert found == bytes(range(first, min(last + 1, total)))


@given(first=NUMBERS, total=TOTALS)
def test_from_a_byte_on(first: int, total: int) -> None:
    found = answered(f"bytes={first}-", total)
    assert found == (bytes(range(first, total)) if first < total else None)


@given(length=NUMBERS, total=TOTALS)
def test_the_last_bytes(length: int, total: int) -> None:
    found = answered(f"bytes=-{length}", total)
    assert found == (bytes(range(max(total - length, 0), total)) if length and total else None)


@given(header=st.none() | st.text(max_size=30) | st.from_regex(r"bytes=[-0-9, ]*"), total=TOTALS)
def test_anything_else_is_all_of_it_or_a_range_and_never_an_error(
    header: str | None, total: int
) -> None:
    found = answered(header, total)
    assert found is None or found in bytes(range(total))


@pytest.mark.parametrize(
    "header",
    ["bytes=0-1,3-4", "bytes=" + "9" * 19 + "-", "bytes=\uff11-\uff12", "Bytes=0-1", "bytes=+1-2"],
)
def test_what_is_not_one_range_of_digits_is_passed_over(header: str) -> None:
    assert answered(header, 10) == bytes(range(10))
