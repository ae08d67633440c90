"""Matrix products whose weights are laid out once, for a handful of rows.

Streaming runs wide layers over a few positions at a time. oneDNN then spends more time on bringing
the weights into its own order than on the product, so on a CPU they are kept in that order. torch
offers this by operators that are not documented: where they are missing, or on another device, the
plain ones compute the same.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

#: Rows a packed layout is chosen for; others run as well with it.
_TYPICAL_ROWS = 32
#: What oneDNN packs; float64 is for tests.
_PACKED_DTYPES = (torch.float32, torch.bfloat16)
_OPERATORS = ("_reorder_linear_weight", "_linear_pointwise", "_convolution_pointwise")


class Linear:
    """x · Wᵀ + b."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Take `weight` (out, in) and `bias` (out,), of one dtype and device."""
        self._bias = bias
        self._out = weight.shape[0]
        self._is_packed = can_pack(weight)
        self._weight = weight
        if self._is_packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _TYPICAL_ROWS)  # noqa: SLF001

    def __call__(self, x: Tensor) -> Tensor:
        """Return (..., out) for `x` (..., in)."""
        if not self._is_packed:
            return F.linear(x, self._weight, self._bias)
        rows = x.reshape(-1, x.shape[-1])
        product: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001
            rows, self._weight, self._bias, "none", [], ""
        )
        return product.view(*x.shape[:-1], self._out)


def can_pack(weight: Tensor) -> bool:
    """Tell whether oneDNN has kernels for packed weights of this dtype, here."""
    if weight.device.type != "cpu" or weight.dtype not in _PACKED_DTYPES:
        return False
    if not torch.backends.mkldnn.is_available():
        return False
    if not all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS):
        return False
    return weight.dtype != torch.bfloat16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001
