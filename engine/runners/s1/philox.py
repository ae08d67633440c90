"""Random numbers by counter: the same number for the same place, whatever else is drawn.

Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
"""

import torch
from torch import Tensor

#: Philox4x32, ten rounds: the paper's multipliers, and the constants its keys grow by.
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORD = 0xFFFFFFFF


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[Tensor, Tensor]) -> Tensor:
    """Return four words (..., 4) for each counter and key, all int64 with values below 2**32.

    The arguments are broadcast against each other.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        # Products of two words wrap around in int64, and their bits are right all the same.
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            _high(p1) ^ c1 ^ k0,
            p1 & _WORD,
            _high(p0) ^ c3 ^ k1,
            p0 & _WORD,
        )
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return torch.stack(torch.broadcast_tensors(c0, c1, c2, c3), dim=-1)


def exponential(words: Tensor) -> Tensor:
    """Return a draw from Exp(1) for each word, float32: finite and above zero."""
    # 23 bits and a half: the largest float32 below one, so that no logarithm is zero.
    uniform = ((words >> 9).float() + 0.5) * 2.0**-23
    return -uniform.log()


def _high(product: Tensor) -> Tensor:
    return (product >> 32) & _WORD
