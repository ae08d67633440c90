"""Bodies of `multipart/form-data`: parts with a name, each a text or a file."""

from collections.abc import Iterator
from itertools import pairwise

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from protocol.codes import ErrorCode
from server.errors import RequestError

#: Several times what any client sends.
MAX_PARTS = 64
#: All that is no content: boundaries, headers, and what is before and behind them. Half a kilobyte
#: a part. The parser looks at much of it byte by byte, and at content as a whole.
MAX_FRAMING_BYTES = 32_768
#: After so many bytes it is looked at what they were.
_PIECE_BYTES = 16_384
#: Of a name; what is longer is not shown whole.
_SHOWN_CHARS = 40


def read_parts(
    body: bytes | bytearray, media_type: str, max_file_bytes: int
) -> list[tuple[str, str | bytes]]:
    """Return the name and the content of each part, in order: of a file its bytes, else a string.

    What a file is called is nothing to us.

    Raises:
        RequestError: `bad_message` (no such body, or one that is cut off, or too many parts),
            `bad_value` (a file is larger than allowed).
    """
    parts = _Parts(max_file_bytes)
    try:
        parser = MultipartParser(
            parse_options_header(media_type)[1][b"boundary"],
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_end,
                "on_part_data": parts.data,
                "on_end": parts.end,
            },
        )
        for at, end in _pieces(len(body)):
            parser.write(bytes(body[at:end]))
            parts.check_framing(end)
        return parts.all()
    # The boundary is missing, or what it should set off is.
    except (KeyError, FormParserError, UnicodeError) as error:
        raise _bad("the body is no form of parts") from error


def _pieces(num_bytes: int) -> Iterator[tuple[int, int]]:
    return pairwise([*range(0, num_bytes, _PIECE_BYTES), num_bytes])


class _Parts:
    """What the parser has found. A part with a file name is a file, whatever the name."""

    def __init__(self, max_file_bytes: int) -> None:
        self._max_file_bytes = max_file_bytes
        self._found: list[tuple[str, bytearray, bool]] = []
        self._headers: dict[bytes, bytes] = {}
        self._header_name, self._header_value = b"", b""
        self._num_content_bytes = 0
        self._has_ended = False

    def begin(self) -> None:
        """Take note that a part begins."""
        if len(self._found) == MAX_PARTS:
            raise _bad(f"the body has more than {MAX_PARTS} parts")
        self._headers = {}

    def header_name(self, data: bytes, start: int, end: int) -> None:
        """Take more of a header's name."""
        self._header_name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        """Take more of a header's value."""
        self._header_value += data[start:end]

    def header_end(self) -> None:
        """Take note that a header is whole."""
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name, self._header_value = b"", b""

    def headers_end(self) -> None:
        """Take note that the content begins; a `KeyError` says that it has no name."""
        _, options = parse_options_header(self._headers[b"content-disposition"])
        self._found.append((options[b"name"].decode(), bytearray(), b"filename" in options))

    def data(self, data: bytes, start: int, end: int) -> None:
        """Take more of the content."""
        name, content, is_file = self._found[-1]
        content += data[start:end]
        self._num_content_bytes += end - start
        if is_file and len(content) > self._max_file_bytes:
            limit = f"{name[:_SHOWN_CHARS]}: a file may have {self._max_file_bytes} bytes"
            raise RequestError(ErrorCode.BAD_VALUE, limit)

    def end(self) -> None:
        """Take note that the last part is whole."""
        self._has_ended = True

    def check_framing(self, num_bytes: int) -> None:
        """Refuse what is mostly no content, once so many bytes were looked at."""
        if num_bytes - self._num_content_bytes > MAX_FRAMING_BYTES:
            raise _bad(f"more than {MAX_FRAMING_BYTES} bytes of the body are in no part")

    def all(self) -> list[tuple[str, str | bytes]]:
        """Return all parts; a `UnicodeError` says that one is neither a text nor a file."""
        if not self._has_ended:
            raise _bad("the body is cut off")
        return [
            (name, bytes(content) if is_file else content.decode())
            for name, content, is_file in self._found
        ]


def _bad(problem: str) -> RequestError:
    return RequestError(ErrorCode.BAD_MESSAGE, problem)
