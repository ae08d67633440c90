"""Speaking in the voice of a recording: what a model makes of one, and how it is asked to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class EncodedReference:
    """A recording as the model reads it.

    Attributes:
        text: what is said in it.
        codes: (codebooks, frames) integers, by the model's own codec.
    """

    text: str
    codes: NDArray[np.integer]


class ReferenceEncoder(Protocol):
    """Makes an `EncodedReference` of a recording.

    It reads weights and nothing else, so it runs in any thread, beside a step of the engine.
    """

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the samples it takes."""
        ...

    def encode(
        self, samples: NDArray[np.float32], text: str, checkpoint: Callable[[], None]
    ) -> EncodedReference:
        """Encode a recording.

        Args:
            samples: (n,) within [-1, 1], mono, at `sample_rate_hz`.
            text: what is said in it.
            checkpoint: called every few seconds of audio; what it raises ends the work.

        Raises:
            Unsupported: the model cannot be prompted with this recording and this text.
        """
        ...

    def check(self, references: Sequence[EncodedReference]) -> None:
        """Pass if the model can speak in the one voice of all these.

        Raises:
            Unsupported: together they leave it too little room.
        """
        ...
