# ruff: noqa: TID252 - the same files are installed under another name
"""What a caller may choose for a stream."""

from collections.abc import Mapping
from typing import TypedDict

from ..encodings import EncodingName
from ..messages import Reference, ServiceClassName


class StreamOptions(TypedDict, total=False):
    """The optional fields of `Open`, under the same names; what is left out the server chooses."""

    voice: str
    reference: Reference
    language: str
    sample_rate: int
    encoding: EncodingName
    speed: float
    pitch: float
    volume_db: float
    normalize: bool
    lexicon: Mapping[str, str]
    seed: int
    temperature: float
    top_p: float
    repetition_penalty: float
    service_class: ServiceClassName
