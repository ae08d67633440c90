"""The columns that go into the slow transformer before the first frame.

A column is a token id over the codes of one frame. Every piece is tokenised by itself, so that no
merge reaches across: the tag of the speaker and the text that follows it stay apart.

    <|interleave|> { <|speaker:0|> TEXT CODES <|im_end|> } (any number) <|speaker:0|> TEXT

Nothing closes the prompt: the model goes on with semantic tokens.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.runners.s1.config import DualARConfig
from engine.runners.s1.errors import PromptRejected
from engine.runners.s1.tokenizer import Tokenizer

#: (num_codebooks + 1, T): row 0 the token ids, below it the codes, zero in columns of text.
Columns = npt.NDArray[np.int64]
#: (num_codebooks, frames).
Codes = npt.NDArray[np.integer]

#: No special token, in spite of its looks: it is encoded as text, as it was in training.
_SPEAKER = "<|speaker:0|>"


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A text and how it was spoken: a voice's reference, or a segment that was just generated."""

    text: str
    codes: Codes


class PromptBuilder:
    """Builds the columns of prompts for one checkpoint."""

    def __init__(
        self, config: DualARConfig, tokenizer: Tokenizer, *, allow_special: bool = False
    ) -> None:
        """Take a checkpoint; `allow_special` is what `Tokenizer.encode` says of it."""
        self._num_codebooks = config.num_codebooks
        self._codebook_size = config.codebook_size
        self._tokenizer = tokenizer
        self._allow_special = allow_special

    def build(self, text: str, spoken: Iterable[SpokenText] = ()) -> Columns:
        """Return the prompt that has `text` spoken in the voice of `spoken`.

        Raises:
            PromptRejected: codes of another shape or outside their codebook.
        """
        return np.concatenate((self.prefix(spoken), self.text(text)), axis=1)

    def prefix(self, spoken: Iterable[SpokenText] = ()) -> Columns:
        """Return what prompts of one voice have in common; `text` follows it."""
        pieces = [self._tokens([self._tokenizer.interleave_id])]
        for pair in spoken:
            pieces += (self.text(pair.text), self._frames(pair.codes))
            pieces.append(self._tokens([self._tokenizer.im_end_id]))
        return np.concatenate(pieces, axis=1)

    def text(self, text: str) -> Columns:
        """Return a text with the speaker's tag before it."""
        return self._tokens(self._encode(_SPEAKER) + self._encode(text))

    def following(self, text: str) -> Columns:
        """Return what is read between the frames of one segment and those of the next, `text`."""
        return np.concatenate((self._tokens([self._tokenizer.im_end_id]), self.text(text)), axis=1)

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, allow_special=self._allow_special)

    def _tokens(self, ids: list[int]) -> Columns:
        columns = np.zeros((self._num_codebooks + 1, len(ids)), np.int64)
        columns[0] = ids
        return columns

    def _frames(self, codes: Codes) -> Columns:
        if codes.ndim != 2 or codes.shape[0] != self._num_codebooks or codes.shape[1] == 0:  # noqa: PLR2004 - codebooks and frames
            wanted = f"({self._num_codebooks}, frames)"
            raise PromptRejected(f"codes of shape {codes.shape} are not {wanted}")
        for codebook, row in enumerate(codes):
            limit = self._codebook_size if codebook else self._tokenizer.num_semantic
            if row.min() < 0 or row.max() >= limit:
                raise PromptRejected(f"a code of codebook {codebook} lies outside 0..{limit - 1}")
        semantic = codes[:1].astype(np.int64) + self._tokenizer.semantic_begin_id
        return np.concatenate((semantic, codes), axis=0, dtype=np.int64)
