"""What no result depends on: a folder states it alike everywhere, and as other files have it."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from engine.runners.s1.codec.config import DIMS_FILE
from engine.runners.s1.config import CONFIG_FILE
from engine.runners.s1.tokenizer import SPECIAL_TOKENS_FILE
from tests.golden.checkpoint import in_checkpoints
from tests.golden.codec_dims import compare_dims
from tests.golden.comparison import Comparison, equal, read_json

CHECKPOINT = "checkpoint"
#: The files that are looked at, in all checkpoints.
STORED = frozenset((SPECIAL_TOKENS_FILE, CONFIG_FILE, DIMS_FILE))

#: What matters to training alone is the release's in every golden checkpoint.
_RELEASED = {"dropout": 0.0, "initializer_range": 0.03125, "use_gradient_checkpointing": True}
#: A file whose numbers are in no order at all has more than this out of order.
_FEW = 2


def compare_stored(folder: Path) -> Iterator[Comparison]:
    """Compare the parts of all checkpoints of `folder` that are not read to speak."""
    for path in in_checkpoints(folder, SPECIAL_TOKENS_FILE):
        yield _compare_special_tokens(f"{path.relative_to(folder)}", path)
    for path in in_checkpoints(folder, CONFIG_FILE):
        for key, value in read_json(path).items():
            if key in _RELEASED:
                yield equal(f"{path.relative_to(folder)} {key}", value, _RELEASED[key])
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
