"""One frame for every row of a batch: the token, then the codes one after another."""

import torch
from torch import Tensor

from engine.runners.s1.dual_ar import FastTransformer, OutputHead
from engine.runners.s1.frame_cache import FrameKeyValues
from engine.runners.s1.noise import FrameNoise
from engine.runners.s1.sampling import SamplingRows, draw, marked, probabilities
from engine.runners.s1.window import RepetitionWindow


class FrameDrawer:
    """Draws columns from the slow transformer's states, without a look at the host."""

    def __init__(self, head: OutputHead, fast: FastTransformer, semantic_begin_id: int) -> None:
        """Take the two halves that score, and the token id that stands for code 0."""
        self._head = head
        self._fast = fast
        self._semantic_begin_id = semantic_begin_id

    def __call__(
        self,
        states: Tensor,
        slots: Tensor,
        window: RepetitionWindow,
        rows: SamplingRows,
        noise: FrameNoise,
    ) -> Tensor:
        """Return the next column (B, num_codebooks + 1) int64 of each row.

        Args:
            states: (B, dim), of each row's last column, before the last norm.
            slots: (B,) int64, the rows' places in the window, each once.
            window: what was drawn before.
            rows: how to draw.
            noise: what decides.
        """
        penalty = torch.where(window.has_begun(slots), rows.repetition_penalty, 1.0)
        rows = SamplingRows(rows.temperature, rows.top_p, penalty)
        tokens = self._draw_tokens(states, window.token_ids(slots), rows, noise.tokens)
        # A token of text has no code; the original takes 0 for it.
        first = (tokens - self._semantic_begin_id).clamp(min=0)
        codes = self._draw_codes(states, first, window.codes(slots), rows, noise.codes)
        return torch.stack((tokens, *codes), dim=1)

    def _draw_tokens(
        self, states: Tensor, recent_ids: Tensor, rows: SamplingRows, noise: Tensor
    ) -> Tensor:
        logits = self._head(states)
        penalised = marked(self._head.places[recent_ids], logits.shape[1])
        return self._head.token_ids[draw(probabilities(logits, penalised, rows), noise)]

    def _draw_codes(
        self, states: Tensor, first: Tensor, recent: Tensor, rows: SamplingRows, noise: Tensor
    ) -> list[Tensor]:
        fast = self._fast
        key_values = FrameKeyValues(
            fast.config, len(states), fast.num_positions, dtype=states.dtype, device=states.device
        )
        codes = [first]
        # The output at position 0 is of no use, so it and the first code are one pass.
        x = torch.stack((fast.project(states), fast.embed(first)), dim=1)
        for codebook in range(1, fast.num_positions):
            key_values.advance(x.shape[1])
            logits = fast(x, codebook + 1 - x.shape[1], key_values)[:, -1]
            penalised = marked(recent[:, codebook], fast.num_scored)
            probs = probabilities(logits, penalised, rows)
            codes.append(draw(probs, noise[:, codebook - 1]))
            x = fast.embed(codes[-1])[:, None]
        return codes
