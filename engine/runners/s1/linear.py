"""Matrix products with fixed weights."""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

#: (..., in) → (..., out).
Linear = Callable[[Tensor], Tensor]


def linear(weight: Tensor, bias: Tensor | None = None) -> Linear:
    """Return `x @ weight.T + bias` for `weight` (out, in) in its dtype, on its device.

    In bfloat16 on a CPU the weight is laid out once as oneDNN wants it, which makes a frame a third
    faster. That interface is private to torch; without it the product is the plain one.
    """
    if weight.device.type == "cpu" and weight.dtype is torch.bfloat16:
        packed = _packed(weight, bias)
        if packed is not None:
            return packed
    return lambda x: F.linear(x, weight, bias)


def _packed(weight: Tensor, bias: Tensor | None) -> Linear | None:
    """Return the product with a packed weight, None where this torch or this CPU has none."""
    try:
        pack = torch.ops.mkldnn._reorder_linear_weight.default  # noqa: SLF001 - no public one
        apply = torch.ops.mkldnn._linear_pointwise.default  # noqa: SLF001 - no public one
        packed = pack(weight)

        def product(x: Tensor) -> Tensor:
            result: Tensor = apply(x, packed, bias, "none", [], "")
            return result

        product(torch.zeros(1, weight.shape[1], dtype=weight.dtype))
    except (AttributeError, RuntimeError, NotImplementedError):
        return None
    return product
