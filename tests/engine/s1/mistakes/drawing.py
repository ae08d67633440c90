"""Mistakes in what is penalised and in how is drawn."""

import pytest
import torch
from torch import Tensor

from engine.runners.s1 import frames, sampling, window
from engine.runners.s1.sampling import SamplingRows, penalise
from engine.runners.s1.window import RepetitionWindow
from tests.engine.s1.mistakes.planting import Mistake, built_from, replaced
from tests.golden import sampling as golden_sampling

_right_append = RepetitionWindow.append
_right_codes = RepetitionWindow.codes
_right_token_ids = RepetitionWindow.token_ids


def unpenalised(logits: Tensor, *_: object) -> Tensor:
    return logits


def divided(logits: Tensor, penalised: Tensor, penalty: Tensor) -> Tensor:
    return torch.where(penalised, logits / penalty[:, None], logits)


def warmed_first(logits: Tensor, penalised: Tensor, rows: SamplingRows) -> Tensor:
    logits = penalise(logits, penalised, rows.repetition_penalty)
    logits = logits / rows.temperature.clamp(min=1e-5)[:, None]
    kept = sampling._top_p(logits, rows.top_p[:, None])
    return logits.masked_fill(~kept, -torch.inf).softmax(dim=-1)


def crossing_kept(logits: Tensor, top_p: Tensor) -> Tensor:
    ordered, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    stays = ordered.cumsum(dim=-1) - ordered <= top_p
    return torch.zeros_like(logits, dtype=torch.bool).scatter_(1, order, stays)


def first_frame_too(self: RepetitionWindow, slots: Tensor, columns: Tensor) -> None:
    at = self._num_frames[slots] % window.WINDOW
    self._columns[slots, at] = columns
    self._num_frames[slots] += 1


def row(self: RepetitionWindow, slots: Tensor) -> Tensor:
    return self._columns[slots, :, 0]


def newest_column(self: RepetitionWindow, slots: Tensor) -> Tensor:
    return self._columns[slots, (self._num_frames[slots] - 2) % window.WINDOW]


def begun_before(self: RepetitionWindow, slots: Tensor) -> Tensor:
    return torch.ones_like(self._num_frames[slots], dtype=torch.bool)


def zeros_first(self: RepetitionWindow, slots: Tensor) -> Tensor:
    ids = _right_token_ids(self, slots)
    return torch.where((self._num_frames[slots] > window.WINDOW)[:, None], ids, 0)


def token_alone(self: RepetitionWindow, slots: Tensor) -> Tensor:
    return _right_token_ids(self, slots)[:, :1]


def codes_alone(self: RepetitionWindow, slots: Tensor) -> Tensor:
    return _right_token_ids(self, slots)[:, 1:]


def codes_before(self: RepetitionWindow, slots: Tensor) -> Tensor:
    return _right_codes(self, slots).roll(1, dims=1)


def without_zeros(self: RepetitionWindow, slots: Tensor) -> Tensor:
    codes = _right_codes(self, slots)
    is_drawn = torch.arange(window.WINDOW) < self._num_frames[slots][:, None] - 1
    # What was not drawn is penalised in the place of what was: an id may repeat.
    return torch.where(is_drawn[:, None], codes, codes[:, :, :1])


def warm_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "probabilities", warmed_first)
    monkeypatch.setattr(golden_sampling, "probabilities", warmed_first)


MISTAKES = {
    "no repetition penalty": Mistake(
        replaced(sampling, "penalise", unpenalised), ("e_sampling", "m_edges")
    ),
    "negative logits divided": Mistake(
        replaced(sampling, "penalise", divided), ("e_sampling", "m_edges")
    ),
    "temperature before top-p": Mistake(warm_first, ("e_sampling",)),
    "the crossing token kept": Mistake(
        replaced(sampling, "_top_p", crossing_kept), ("e_sampling",)
    ),
    "more codes than 1,024": Mistake(built_from(num_codes=10**6), ("f_generate",)),
    "first frame in the window": Mistake(
        replaced(RepetitionWindow, "append", first_frame_too), ("k_penalty",)
    ),
    "row in place of column": Mistake(
        replaced(RepetitionWindow, "token_ids", row), ("k_penalty", "f_generate")
    ),
    "zeros first": Mistake(replaced(RepetitionWindow, "token_ids", zeros_first), ("k_penalty",)),
    "token alone": Mistake(replaced(RepetitionWindow, "token_ids", token_alone), ("k_penalty",)),
    "codes alone": Mistake(replaced(RepetitionWindow, "token_ids", codes_alone), ("k_penalty",)),
    "codes of the codebook before": Mistake(
        replaced(RepetitionWindow, "codes", codes_before), ("k_penalty",)
    ),
    "the newest column": Mistake(
        replaced(RepetitionWindow, "token_ids", newest_column), ("k_penalty",)
    ),
    "zeros for the first frame": Mistake(
        replaced(RepetitionWindow, "has_begun", begun_before), ("k_penalty",)
    ),
    "a window of 8": Mistake(replaced(window, "WINDOW", 8), ("k_penalty",)),
    "a window of 17": Mistake(replaced(window, "WINDOW", 17), ("k_penalty",)),
    "no zeros in the window": Mistake(
        replaced(RepetitionWindow, "codes", without_zeros), ("k_penalty",)
    ),
}
