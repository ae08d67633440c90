"""The device that a bench may be told, refused before anything is measured."""

from argparse import ArgumentTypeError

import torch


def present_device(text: str) -> torch.device:
    """Read a device that is there."""
    try:
        found = torch.device(text)
        torch.empty(0, device=found)
    # Where torch is built without CUDA, it asserts that it is.
    except (RuntimeError, AssertionError) as error:
        raise ArgumentTypeError(f"no device {text!r} here") from error
    return found
