"""The model of a folder, in the arithmetic the vectors were computed in."""

from pathlib import Path

import torch
from torch import Tensor

from engine.runners.s1.codec import Codec, load_codec
from engine.runners.s1.config import read_config
from engine.runners.s1.tokenizer import Tokenizer, read_tokenizer

#: One step of a recording stored as int16.
_PCM_STEP = 2.0**-15


def codec_of(folder: Path) -> Codec:
    """Return the codec of a checkpoint folder on a CPU, in float32."""
    return load_codec(folder, torch.device("cpu"), torch.float32)


def tokenizer_of(folder: Path) -> Tokenizer:
    """Return the vocabulary of a checkpoint folder."""
    config = read_config(folder)
    return read_tokenizer(folder, codebook_size=config.codebook_size, vocab_size=config.vocab_size)


def samples_of(pcm: Tensor) -> Tensor:
    """Return int16 samples as floats within [-1, 1)."""
    return pcm.float() * _PCM_STEP


def in_checkpoints(folder: Path, file: str) -> list[Path]:
    """Return all files of that name in the checkpoints of a golden folder."""
    # Not to any depth: that would pass by folders that are linked.
    return sorted((*folder.glob(f"*/{file}"), *folder.glob(f"*/*/{file}")))
