"""A runner from a checkpoint folder: on which device, for how many rows at a time."""

from pathlib import Path

from transformers.utils import logging

from engine.pytorch.device import best_device
from engine.runners.vits.model import load_checkpoint
from engine.runners.vits.runner import VitsRunner

#: Rows that a step works at. A CPU makes no more audio a second of several at once, and whoever is
#: the most urgent would wait for all of them.
_CPU_BATCH, _GPU_BATCH = 1, 64


def build_runner(folder: Path) -> VitsRunner:
    """Load the checkpoint in `folder` for the best device there is.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
        ModelUnavailable: it needs a library that is missing.
    """
    # What is wrong is raised; the library's advice is for those who train.
    logging.set_verbosity_error()
    device = best_device()
    checkpoint = load_checkpoint(folder, device=device)
    return VitsRunner(checkpoint, max_batch=_CPU_BATCH if device.type == "cpu" else _GPU_BATCH)
