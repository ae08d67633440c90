"""What the fast transformer says of codes that are given: it is made to draw them."""

import torch
from torch import Tensor

from engine.runners.s1.dual_ar import FastTransformer
from engine.runners.s1.frames import FrameDrawer
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.noise import FrameNoise
from engine.runners.s1.sampling import SamplingRows
from engine.runners.s1.transformer import KeyValues
from engine.runners.s1.window import RepetitionWindow

_NUM_NEIGHBOURS = 3
#: So warm that all are equally likely, and none is cut off: the noise alone decides.
_TEMPERATURE, _TOP_P = 1e6, 2.0
#: The noise of what is to be drawn; all else has 1.
_CHOSEN = 1e-3


def fast_logits(model: LanguageModel, states: Tensor, codes: Tensor) -> Tensor:
    """Return the logits (B, num_codebooks, codes) after `states` (B, dim) and given `codes`.

    Other rows stand before and after those asked for. The model scores every token.

    Raises:
        RuntimeError: others than `codes` (B, num_codebooks) were drawn.
    """
    generator = torch.Generator().manual_seed(0)
    around = torch.randn(_NUM_NEIGHBOURS, states.shape[1], generator=generator)
    states = torch.cat((around, states, around)).to(model.dtype)
    shape = (_NUM_NEIGHBOURS, model.fast.num_positions)
    others = torch.randint(model.fast.num_scored, shape, generator=generator)
    return _forced(model, states, torch.cat((others, codes.long(), others)))[
        _NUM_NEIGHBOURS:-_NUM_NEIGHBOURS
    ]


def _forced(model: LanguageModel, states: Tensor, codes: Tensor) -> Tensor:
    begin = model.draw_frames._semantic_begin_id
    fast = _Heard(model.fast)
    slots = torch.arange(len(codes))
    parameters = (_TEMPERATURE, _TOP_P, 1.0)
    drawn = FrameDrawer(model.head, fast, begin)(
        states,
        slots,
        RepetitionWindow(len(codes), codes.shape[1], model.device),
        SamplingRows(*(torch.full((len(codes),), value) for value in parameters)),
        FrameNoise(
            _choosing(codes[:, 0] + begin, len(model.head.token_ids)),
            _choosing(codes[:, 1:], fast.num_scored),
        ),
    )
    if not torch.equal(drawn[:, 1:], codes):
        raise RuntimeError("the codes that were given were not drawn")
    return torch.cat(fast.logits, dim=1)


class _Heard(FastTransformer):
    """A fast transformer that keeps what it says."""

    def __init__(self, fast: FastTransformer) -> None:
        vars(self).update(vars(fast))
        self.logits: list[Tensor] = []

    def __call__(self, x: Tensor, begin: int, key_values: KeyValues) -> Tensor:
        self.logits.append(super().__call__(x, begin, key_values))
        return self.logits[-1]


def _choosing(chosen: Tensor, num_choices: int) -> Tensor:
    noise = torch.ones(*chosen.shape, num_choices)
    return noise.scatter_(-1, chosen[..., None], _CHOSEN)
