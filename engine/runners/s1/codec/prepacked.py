"""Matrix products and convolutions whose weights are laid out once, for a handful of positions.

Streaming runs wide layers over a few positions at a time. oneDNN then spends more time on bringing
the weights into its own order than on the product, so on a CPU they are kept in that order. torch
offers this by operators that are not documented: where they are missing, or on another device, the
plain ones compute the same.

Activations are (time, batch, channels). So every row of a step lies next to its neighbours, a
convolution over time reads its input where it lies, and no row can reach another.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

#: Positions a packed layout is chosen for: a frame's worth. Others run as well with it.
_TYPICAL_POSITIONS = 32
#: What oneDNN packs; float64 is for tests.
_PACKED_DTYPES = (torch.float32, torch.bfloat16)


class Linear:
    """x · Wᵀ + b."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Take `weight` (out, in) and `bias` (out,), of one dtype and device."""
        self._bias = bias
        self._out = weight.shape[0]
        self._is_packed = _can_pack(weight)
        self._weight = weight
        if self._is_packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _TYPICAL_POSITIONS)  # noqa: SLF001

    def __call__(self, x: Tensor) -> Tensor:
        """Return (..., out) for `x` (..., in)."""
        if not self._is_packed:
            return F.linear(x, self._weight, self._bias)
        rows = x.reshape(-1, x.shape[-1])
        product: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001
            rows, self._weight, self._bias, "none", [], ""
        )
        return product.view(*x.shape[:-1], self._out)


class Convolution:
    """A convolution over time, without padding, each row of the batch for itself."""

    def __init__(self, kernel: Tensor, bias: Tensor, dilation: int = 1) -> None:
        """Take `kernel` (out, in, taps), of at least two taps, and `bias` (out,)."""
        self._bias = bias
        self._out, _, taps = kernel.shape
        self._dilation = dilation
        self._reach = (taps - 1) * dilation
        self._is_packed = _can_pack(kernel)
        self._kernel = self._pack(kernel) if self._is_packed else kernel.unsqueeze(-1)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (time - reach, batch, out) for a contiguous `x` (time, batch, in)."""
        time, batch, channels = x.shape
        if not self._is_packed:
            image = x.permute(2, 0, 1).unsqueeze(0)  # (1, in, time, batch), channels last
            plain = F.conv2d(image, self._kernel, self._bias, dilation=(self._dilation, 1))
            return plain.squeeze(0).permute(1, 2, 0)
        # One long axis of positions, on which a row's next position lies `batch` further: the
        # packed layout then fits every batch.
        line = x.view(1, 1, time * batch, channels).permute(0, 3, 1, 2)
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(  # noqa: SLF001
            line, self._kernel, self._bias, [0, 0], [1, 1], [1, self._dilation * batch], 1,
            "none", [], "",
        )  # fmt: skip
        return y.permute(0, 2, 3, 1).reshape(time - self._reach, batch, self._out)

    def _pack(self, kernel: Tensor) -> Tensor:
        size = [1, kernel.shape[1], 1, self._reach + _TYPICAL_POSITIONS]
        packed: Tensor = torch.ops.aten.mkldnn_reorder_conv2d_weight(
            kernel.unsqueeze(2).to_mkldnn(), [0, 0], [1, 1], [1, self._dilation], 1, size
        )
        return packed


def _can_pack(weight: Tensor) -> bool:
    if weight.device.type != "cpu" or weight.dtype not in _PACKED_DTYPES:
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if not all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS):
        return False
    return weight.dtype != torch.bfloat16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


_OPERATORS = ("_reorder_linear_weight", "_linear_pointwise", "_convolution_pointwise")
