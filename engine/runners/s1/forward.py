"""The model with all that it keeps on the device: keys and values, and what decides the draws."""

from collections.abc import Callable

from torch import Tensor

from engine.runners.s1.draw_state import DrawState
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.noise import CounterNoise, FrameNoise
from engine.runners.s1.transformer import KeyValues

#: What a sequence whose numbers are lost draws: the id of no token, and no code.
NOT_DRAWN = -1

#: Seeds and frame numbers (B,) int64 → the noise that decides the draws.
NoiseSource = Callable[[Tensor, Tensor], FrameNoise]


class Forward:
    """One pass of the model for the slots of `state`."""

    def __init__(self, model: LanguageModel, state: DrawState, noise: NoiseSource | None) -> None:
        """Take the model and its state; the noise is by counter unless a test replays another's."""
        self._model = model
        self._state = state
        self._noise = noise or CounterNoise(
            num_tokens=len(model.head.token_ids),
            num_codebooks=model.config.num_codebooks,
            num_codes=model.fast.num_scored,
            device=model.device,
        )

    @property
    def num_columns(self) -> int:
        """Numbers of a column: its token, and a code of each codebook."""
        return self._state.columns.shape[1]

    def read(self, columns: Tensor, positions: Tensor, key_values: KeyValues) -> Tensor:
        """Return the state (N, dim) after each of N columns (N, num_codebooks + 1)."""
        return self._model.slow(columns, positions, key_values)

    def draw(self, states: Tensor, slots: Tensor) -> Tensor:
        """Draw the next column of each slot (B,) int64, given the states (B, dim) of its last one.

        Returns:
            (B, num_codebooks + 1) int64: `NOT_DRAWN` throughout where a state is not finite.
        """
        state = self._state
        frames = state.frames.index_select(0, slots)
        noise = self._noise(state.seeds.index_select(0, slots), frames)
        columns = self._model.draw_frames(states, slots, state.window, state.rows(slots), noise)
        # A look at them here would wait for the device.
        drawn = columns.where(states.isfinite().all(dim=1, keepdim=True), NOT_DRAWN)
        # Only now, so that a draw for which there was no memory can be made again.
        state.record(slots, columns, frames + 1)
        return drawn

    def draw_on(self, slots: Tensor, positions: Tensor, key_values: KeyValues) -> Tensor:
        """Have each slot read the column that it drew last, and `draw` the next one."""
        columns = self._state.columns.index_select(0, slots)
        return self.draw(self.read(columns, positions, key_values), slots)
