"""A recording as a voice: what the codec's encoder makes of it, checked as a prompt."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engine.cloning import EncodedReference
from engine.errors import Unsupported
from engine.runners.s1.errors import PromptRejected
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import SpokenText
from engine.runners.s1.voices import check_voice


class S1ReferenceEncoder:
    """The `ReferenceEncoder` of S1-mini.

    The codec's encoder is not the decoder that speaks: it shares no tensor with a step, and keeps
    what it carries from piece to piece to itself. On the engine's thread a piece would hold up
    every row for as long as it takes, most of a second on a CPU.
    """

    def __init__(self, model: S1Model, max_tokens: int) -> None:
        """Prompt `model` with voices of up to `max_tokens` tokens."""
        self._max_tokens = max_tokens
        self._encoder = model.codec.encoder
        self._prompts = model.prompts
        self.sample_rate_hz = model.codec.config.sample_rate_hz

    def encode(
        self, samples: NDArray[np.float32], text: str, checkpoint: Callable[[], None]
    ) -> EncodedReference:
        """Encode a recording: see `ReferenceEncoder`."""
        codes = self._encoder.encode(torch.from_numpy(samples), checkpoint).cpu().numpy()
        reference = EncodedReference(text, codes)
        self.check([reference])
        return reference

    def check(self, references: Sequence[EncodedReference]) -> None:
        """Check what one voice is made of: see `ReferenceEncoder`."""
        try:
            spoken = [SpokenText(each.text, each.codes) for each in references]
            check_voice(spoken, self._prompts, self._max_tokens)
        except PromptRejected as error:
            raise Unsupported(str(error)) from error
