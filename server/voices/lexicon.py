"""The lexicon that is stored with a voice."""

from collections import ChainMap
from collections.abc import Mapping, Sequence

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


def lexicon_of(found: Sequence[Reference | StoredVoice]) -> Mapping[str, str]:
    """Return that of what a library has found; recordings that come with a request have none."""
    stored = [each.lexicon for each in found if isinstance(each, StoredVoice)]
    return dict(ChainMap(*map(dict, stored)))
