"""What no result depends on: it is compared with what the folder itself states elsewhere."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

from tiktoken.load import load_tiktoken_bpe

from engine.runners.s1.codec.config import DIMS_FILE
from engine.runners.s1.tokenizer import SPECIAL_TOKENS_FILE, VOCABULARY_FILE
from tests.golden.checkpoint import in_checkpoints
from tests.golden.codec_dims import compare_dims
from tests.golden.comparison import Comparison, equal, read_json

CHECKPOINT = "checkpoint"
#: The files that are looked at, in all checkpoints.
STORED = frozenset((SPECIAL_TOKENS_FILE, VOCABULARY_FILE, DIMS_FILE))

#: What is in another order altogether has more than this out of order.
_FEW = 2
#: The share of merges that may have other ranks in a copy.
_COPIED = 0.1

#: Token → how early its parts are joined.
Ranks = dict[bytes, int]


def compare_stored(folder: Path) -> Iterator[Comparison]:
    """Compare the parts of all checkpoints of `folder` that are not read to speak."""
    for path in in_checkpoints(folder, SPECIAL_TOKENS_FILE):
        yield _compare_special_tokens(f"{path.relative_to(folder)}", path)
    paths = in_checkpoints(folder, VOCABULARY_FILE)
    vocabularies = {path: load_tiktoken_bpe(str(path)) for path in paths}
    for one, other in combinations(vocabularies, 2):
        name = f"{one.relative_to(folder)} and {other.relative_to(folder)}"
        yield _compare_merges(name, vocabularies[one], vocabularies[other])
    yield from compare_dims(folder)


def _compare_special_tokens(name: str, path: Path) -> Comparison:
    """Compare the numbers of the tokens, which the original ignores, with those around them.

    They rise evenly, whatever the first one and the step; where they do not, they may be anything.
    """
    numbers = list(read_json(path).values())
    steps = [after - before for before, after in pairwise(numbers)]
    step = Counter(steps).most_common(1)[0][0]
    starts = [number - index * step for index, number in enumerate(numbers)]
    uneven = len(numbers) - Counter(starts).most_common(1)[0][1]
    return equal(name, uneven if uneven <= _FEW else 0, 0)


def _compare_merges(name: str, one: Ranks, other: Ranks) -> Comparison:
    """Compare the ranks in two vocabularies that are copies, or of which one continues the other.

    Those that merely have some tokens in common rank most of them otherwise.
    """
    common = one.keys() & other.keys()
    num_merges = sum(len(token) > 1 for token in common)
    num_other = sum(one[token] != other[token] for token in common)
    is_copied = num_other <= min(_FEW, num_merges * _COPIED)
    return equal(name, num_other if is_copied else 0, 0)
