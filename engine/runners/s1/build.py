"""A runner from a checkpoint folder: on which device, in which arithmetic, for how many rows."""

from pathlib import Path

import torch

from engine.errors import ModelUnavailable, OutOfMemory
from engine.pytorch.device import best_device
from engine.pytorch.memory import memory_for
from engine.runners.s1.capture import CudaGraphs
from engine.runners.s1.config import CONFIG_FILE
from engine.runners.s1.errors import CheckpointError
from engine.runners.s1.guard import expected_frames
from engine.runners.s1.model import S1Model, load_model
from engine.runners.s1.reader import most_voice_tokens
from engine.runners.s1.runner import S1Runner
from engine.runners.s1.voices import read_voices

#: Rows of a step. On a CPU more than these make no more frames a second; on a GPU the scheduler's
#: limits and its step times say how many there are.
_CPU_LANES, _GPU_LANES = 8, 256
#: Tokens in a CPU's KV cache, and the fewest in a GPU's: of each of eight rows as much as it reads
#: at most with a voice of 20 s. At the released sizes 1.9 GB in bfloat16, of which a CPU takes only
#: what was used once from the system.
_LEAST_CACHED = 16_384
#: What of a GPU's memory the KV cache takes, after the weights; the rest is for activations.
_GPU_CACHE_SHARE = 0.6
#: What it leaves to those at least. Of 256 rows of eight frames a tensor of the codec's last block
#: is 0.8 GB, or 1.6 in float32, and about five are alive at once; what a frame gathers of a layer
#: is 2 GB.
_GPU_RESERVE_BYTES = 10 << 30
#: Whoever cannot say this can say nothing that anybody would wait for.
_LEAST_TEXT = "Hello there."


def build_runner(folder: Path) -> S1Runner:
    """Load the checkpoint in `folder` for the best device there is.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
        ModelUnavailable: the device is too small for the model.
    """
    device = best_device()
    try:
        with memory_for("the model, and what its rows remember"):
            return _build(folder, device)
    except OutOfMemory as error:
        raise ModelUnavailable(f"the {device.type} is too small for {folder}: {error}") from error


def _build(folder: Path, device: torch.device) -> S1Runner:
    dtype = fastest_dtype(device)
    model = load_model(folder, device=device, dtype=dtype)
    config = model.language_model.config
    _check_room(model, folder / CONFIG_FILE)
    slow = config.slow
    token_bytes = 2 * slow.num_layers * slow.num_kv_heads * slow.head_dim * dtype.itemsize
    is_cpu = device.type == "cpu"
    num_cached = _LEAST_CACHED if is_cpu else _num_cached(device, token_bytes)
    most_tokens = most_voice_tokens(min(config.max_seq_len, num_cached))
    return S1Runner(
        model,
        read_voices(folder, model.prompts, most_tokens),
        num_lanes=_CPU_LANES if is_cpu else _GPU_LANES,
        num_cached=num_cached,
        # A frame is thousands of launches, each of which takes a CPU longer than a GPU.
        capture=None if is_cpu else CudaGraphs(device),
    )


def fastest_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the device multiplies it, float32 elsewhere.

    A CPU without the instructions for it converts every value, which takes longer than it saves.
    """
    if device.type != "cpu":
        return torch.bfloat16
    # torch asks the processor, by functions that it does not document.
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    has_products = any(getattr(torch.cpu, ask, lambda: False)() for ask in asks)
    return torch.bfloat16 if has_products else torch.float32


def _check_room(model: S1Model, path: Path) -> None:
    """Pass if the model reads enough tokens for a short text and its frames."""
    room = model.language_model.config.max_seq_len
    taken = model.prompts.build(_LEAST_TEXT).shape[1] + expected_frames(_LEAST_TEXT)
    if room <= taken:
        problem = f"{room} tokens leave no room to speak: {_LEAST_TEXT!r} takes {taken + 1}"
        raise CheckpointError(path, problem, "max_seq_len")


def _num_cached(device: torch.device, token_bytes: int) -> int:
    free, _ = torch.cuda.mem_get_info(device)
    num_bytes = min(int(free * _GPU_CACHE_SHARE), free - _GPU_RESERVE_BYTES)
    if num_bytes < _LEAST_CACHED * token_bytes:
        raise OutOfMemory(f"{free / 2**30:.1f} GiB are free beside the weights")
    return num_bytes // token_bytes
