"""Forms in parts: what is written is read, and nothing that anybody sends costs much."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codes import ErrorCode
from server.bodies.multipart import MAX_FRAMING_BYTES, MAX_PARTS, read_parts
from server.errors import RequestError
from tests.helpers.forms import BOUNDARY, MEDIA_TYPE, Part, written

MAX_FILE_BYTES = 100_000
NAMES = st.text("abcxyz_[]09", min_size=1, max_size=20)
PARTS = st.lists(st.tuples(NAMES, st.text(max_size=30) | st.binary(max_size=30)), max_size=8)
#: Of a body that nobody means well with: as large as one may be that arrives.
HOSTILE_BYTES = 16 << 20


@given(PARTS.filter(bool))
def test_what_is_written_is_read(parts: list[Part]) -> None:
    assert read_parts(written(parts), MEDIA_TYPE, MAX_FILE_BYTES) == parts


@given(st.integers(0, 40_000), st.binary(max_size=40))
def test_a_file_is_what_was_sent_however_its_pieces_fall(num_bytes: int, end: bytes) -> None:
    content = b"\r\n--a-boundar\r" * (num_bytes // 14) + end
    assert read_parts(written([("f", content)]), MEDIA_TYPE, MAX_FILE_BYTES) == [("f", content)]


@given(st.binary(max_size=200), st.binary(max_size=80))
def test_whatever_the_bytes_are_the_answer_is_parts_or_a_refusal(body: bytes, tail: bytes) -> None:
    for sent in (body, written([("a", "b")]) + body, f"--{BOUNDARY}\r\n".encode() + body + tail):
        try:
            read_parts(sent, MEDIA_TYPE, MAX_FILE_BYTES)
        except RequestError as error:
            assert error.code is ErrorCode.BAD_MESSAGE  # noqa: PT017 or there is none


@given(st.data())
def test_a_form_that_is_cut_off_is_none(data: st.DataObject) -> None:
    body = written([("title", "Anna"), ("voices", b"RIFF")])
    # The line's end behind the last boundary is nobody's.
    kept = data.draw(st.integers(0, len(body) - 3))
    with pytest.raises(RequestError) as refused:
        read_parts(body[:kept], MEDIA_TYPE, MAX_FILE_BYTES)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd", "/etc/passwd", "C:\\\\boot.ini", "", "a\0b", "ä" * 100]
)
def test_what_a_file_is_called_is_nothing_to_us(filename: str) -> None:
    body = written([("voices", b"RIFF")], filename)
    assert read_parts(body, MEDIA_TYPE, MAX_FILE_BYTES) == [("voices", b"RIFF")]


def opening(header: bytes) -> bytes:
    return f"--{BOUNDARY}\r\n".encode() + header


DISPOSITION = b'Content-Disposition: form-data; name="a"\r\n'


def filled(begin: bytes, filling: bytes, end: bytes = b"") -> bytes:
    return begin + filling * (HOSTILE_BYTES // len(filling)) + end


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (written([("a", "b")]), "multipart/form-data"),
        (written([("a", "b")]), "multipart/form-data; boundary="),
        (written([("a", "b")]), "multipart/form-data; boundary=another"),
        (written([("a", "b")]), f"multipart/form-data; boundary={'x' * 1_000}"),
        (b"", MEDIA_TYPE),
        (written([]), MEDIA_TYPE + "x"),
        (opening(b"\r\nno name\r\n") + written([]), MEDIA_TYPE),
        (opening(b"Content-Disposition: form-data\r\n\r\nx\r\n") + written([]), MEDIA_TYPE),
        (opening(b'Content-Disposition: x; name="\xff"\r\n\r\nx\r\n') + written([]), MEDIA_TYPE),
        (opening(DISPOSITION + b"\r\n\xff\xfe\r\n") + written([]), MEDIA_TYPE),
        (opening(b"a: b\r\n" * 9 + DISPOSITION + b"\r\nx\r\n") + written([]), MEDIA_TYPE),
        (written([("a", "")] * (MAX_PARTS + 1)), MEDIA_TYPE),
        (written([("a", "")] * 10_000), MEDIA_TYPE),
        (b"\r\n" * MAX_FRAMING_BYTES + written([("a", "b")]), MEDIA_TYPE),
        (written([("a", "b")]) + b"x" * 2 * MAX_FRAMING_BYTES, MEDIA_TYPE),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_form_is_a_bad_message(body: bytes, media_type: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_parts(body, media_type, MAX_FILE_BYTES)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "body",
    [
        filled(opening(b""), b"x"),
        filled(opening(b"x: "), b"x"),
        filled(opening(b"x:"), b" "),
        filled(opening(b""), b"x: y\r\n"),
        filled(b"", b"\r\n"),
        filled(b"", b"-"),
        filled(b"", opening(DISPOSITION + b"\r\n\r\n")),
        filled(opening(DISPOSITION + b"\r\nx\r\n") + f"--{BOUNDARY}".encode(), b" "),
        filled(written([("a", "b")]), b"-"),
        filled(opening(b'Content-Disposition: x; name="a"; filename="b"\r\n\r\n'), b"\r"),
    ],
    ids=lambda value: repr(value[:60]) + repr(value[-20:]),
)
def test_a_hostile_body_costs_neither_time_nor_memory(body: bytes) -> None:
    tracemalloc.start()
    began_s = time.process_time()
    with pytest.raises(RequestError):
        read_parts(body, MEDIA_TYPE, MAX_FILE_BYTES)
    took_s = time.process_time() - began_s
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1 << 20
    assert took_s < 1.0


def test_a_file_may_have_so_many_bytes_and_no_more() -> None:
    most = written([("f", b"x" * MAX_FILE_BYTES)])
    assert len(read_parts(most, MEDIA_TYPE, MAX_FILE_BYTES)[0][1]) == MAX_FILE_BYTES
    with pytest.raises(RequestError, match="f: ") as refused:
        read_parts(written([("f", b"x" * (MAX_FILE_BYTES + 1))]), MEDIA_TYPE, MAX_FILE_BYTES)
    assert refused.value.code is ErrorCode.BAD_VALUE
