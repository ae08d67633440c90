"""The dual-AR language model: columns in, one frame of codes out.

The slow transformer reads a column for each token and gives the first code of the next frame; the
fast one reads the slow one's last state and gives that frame's other codes, one after another.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.config import DualARConfig
from engine.runners.s1.linear import linear
from engine.runners.s1.rotary import rotary_table
from engine.runners.s1.transformer import KeyValues, RMSNorm, Transformer, Weights


class SlowTransformer:
    """Reads columns of the whole context."""

    def __init__(self, config: DualARConfig, weights: Weights, semantic_begin_id: int) -> None:
        """Take the weights in the dtype and on the device to compute with."""
        self._semantic_ids = (semantic_begin_id, semantic_begin_id + config.codebook_size)
        self._embeddings = weights["embeddings.weight"]
        self._codebook_embeddings = weights["codebook_embeddings.weight"]
        device = self._embeddings.device
        # One table holds all codebooks, one after the other.
        self._first_rows = torch.arange(config.num_codebooks, device=device) * config.codebook_size
        self._scale = 1.0
        if config.scale_codebook_embeddings:
            self._scale = (config.num_codebooks + 1) ** -0.5
        self._turns = rotary_table(
            config.max_seq_len, config.slow.head_dim, config.slow.rope_base, device
        )
        self._transformer = Transformer(config.slow, weights, "layers")

    def __call__(self, columns: Tensor, positions: Tensor, key_values: KeyValues) -> Tensor:
        """Return the state (N, dim) of N tokens, any number of each row's, before the last norm.

        Args:
            columns: (N, num_codebooks + 1) int64.
            positions: (N,) int64, each token's place in its own row.
            key_values: what each token may attend to.
        """
        return self._transformer(self._embed(columns), self._turns[positions], key_values)

    def _embed(self, columns: Tensor) -> Tensor:
        tokens = columns[:, 0]
        text = F.embedding(tokens, self._embeddings)  # (N, dim)
        codes = F.embedding(columns[:, 1:] + self._first_rows, self._codebook_embeddings)
        frame = (text + codes.sum(dim=1)) * self._scale
        begin, end = self._semantic_ids
        is_frame = (tokens >= begin) & (tokens < end)
        return torch.where(is_frame[:, None], frame, text)


class OutputHead:
    """Scores the tokens that can follow: only these, which saves most of a full vocabulary."""

    def __init__(self, config: DualARConfig, weights: Weights, token_ids: Tensor) -> None:
        """Take the ids (n,) of the tokens to score, each once."""
        name = "embeddings.weight" if config.tie_word_embeddings else "output.weight"
        table = weights[name]
        self.token_ids = token_ids.to(table.device)
        #: Token id → its place among the scored ones, or their number if it is not one.
        self.places = torch.full((config.vocab_size,), len(token_ids), device=table.device)
        self.places[self.token_ids] = torch.arange(len(token_ids), device=table.device)
        self._norm = RMSNorm(weights["norm.weight"], config.slow.norm_eps)
        self._output = linear(table[self.token_ids])

    def __call__(self, state: Tensor) -> Tensor:
        """Return the logits (N, n) float32 of states (N, dim)."""
        return self._output(self._norm(state)).float()


class FastTransformer:
    """Reads one frame: the slow transformer's state, then each code as it is drawn."""

    def __init__(self, config: DualARConfig, weights: Weights, num_scored: int) -> None:
        """Score the first `num_scored` codes of every codebook."""
        self.config = config.fast
        self.num_positions = config.num_codebooks
        self.num_scored = num_scored
        self._project = None
        if "fast_project_in.weight" in weights:
            self._project = linear(
                weights["fast_project_in.weight"], weights["fast_project_in.bias"]
            )
        self._embeddings = weights["fast_embeddings.weight"]
        self._turns = rotary_table(
            config.num_codebooks,
            config.fast.head_dim,
            config.fast.rope_base,
            self._embeddings.device,
        )
        self._transformer = Transformer(config.fast, weights, "fast_layers")
        self._norm = RMSNorm(weights["fast_norm.weight"], config.fast.norm_eps)
        self._output = linear(weights["fast_output.weight"][:num_scored])

    def project(self, state: Tensor) -> Tensor:
        """Return the slow transformer's state (B, dim), unnormed, as input (B, fast_dim)."""
        return state if self._project is None else self._project(state)

    def embed(self, codes: Tensor) -> Tensor:
        """Return codes (B,) of any codebook as input (B, fast_dim)."""
        return F.embedding(codes, self._embeddings)

    def __call__(self, x: Tensor, begin: int, key_values: KeyValues) -> Tensor:
        """Return the logits (B, T, num_scored) float32 after each of T inputs (B, T, fast_dim).

        The inputs stand at the positions from `begin` on; the output at position k scores code k.
        """
        batch, length, _ = x.shape
        turns = self._turns[begin : begin + length].repeat(batch, 1)  # (B · T, head_dim / 2)
        out = self._transformer(x.flatten(0, 1), turns, key_values)
        return self._output(self._norm(out)).float().view(batch, length, -1)
