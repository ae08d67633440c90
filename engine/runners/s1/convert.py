"""A checkpoint's tensors as safetensors, which no reader can be made to run."""

from pathlib import Path

import torch

from engine.runners.s1.codec import build_codec, read_codec_config
from engine.runners.s1.codec.checkpoint import open_original
from engine.runners.s1.config import read_config
from engine.runners.s1.weights import write_weights


def convert(folder: Path) -> list[Path]:
    """Write `model.safetensors` and `codec.safetensors` beside what is there; return their paths.

    Raises:
        CheckpointError: a tensor is missing, damaged or not the model's; no file is written for it.
        OSError: there is no room, no permission, or something in the way.
    """
    config = read_config(folder)
    codec = open_original(folder)
    # Built for the sake of its checks: a codec that is not whole should not look like one.
    build_codec(read_codec_config(folder), codec, torch.device("cpu"), torch.float32)
    codec.check_all_read()
    return [write_weights(folder, config), codec.write(folder)]
