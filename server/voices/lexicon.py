"""The lexicon that is stored with a voice."""

from collections.abc import Mapping

from protocol import fields
from protocol.messages import Reference
from server.voices.store import StoredVoice


def read_lexicon(value: object) -> dict[str, str]:
    """Read one that can be shown again.

    Raises:
        ValueError: it is none.
    """
    lexicon: dict[str, str] = fields.lexicon(value)
    for word, said in lexicon.items():
        # Halves of surrogate pairs can be read in JSON, and in no answer; that is a ValueError.
        (word + said).encode()
    return lexicon


def lexicon_of(found: Reference | StoredVoice) -> Mapping[str, str]:
    """Return that of what a library has found; a recording that comes with a request has none."""
    return found.lexicon if isinstance(found, StoredVoice) else {}
