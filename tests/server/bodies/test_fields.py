"""What a field of a body may hold."""

import base64

import pytest

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.bodies.fields import field, reference
from server.errors import RequestError

#: More than is decoded at once.
LONG = bytes(range(256)) * 2_000


def read(audio: object) -> Reference | None:
    return field({"reference": {"audio": audio, "text": "a"}}, "reference", reference)


@pytest.mark.parametrize("audio", [b"", b"a", b"ab", b"abc", LONG, LONG + b"a"], ids=len)
def test_audio_is_base64_or_the_bytes_themselves(audio: bytes) -> None:
    assert read(audio) == read(base64.b64encode(audio).decode()) == Reference(audio, "a")


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "ab",
        "ab=",
        "ab==ab==",
        "ab==" * 100_000,
        "=",
        "====",
        " YQ==",
        "Y-_=",
        "Y\nQ==",
        "ä",
        base64.b64encode(LONG).decode() + "!",
        "A" * ((1 << 18) - 4) + "QQ==" + "QUFB",
    ],
    ids=lambda text: text[:9],
)
def test_what_is_not_quite_base64_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="base64") as refused:
        read(text)
    assert refused.value.code is ErrorCode.BAD_VALUE
