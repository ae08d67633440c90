"""The device that a bench may be told, refused before anything is measured."""

from argparse import ArgumentTypeError

import torch


def present_device(text: str) -> torch.device:
    """Read a device that is there."""
    try:
        found = torch.device(text)
        # What is no device of numbers, as `meta`, has none to give back.
        torch.zeros(1, device=found).item()
    # Where torch is built without CUDA, it asserts that it is.
    except (RuntimeError, AssertionError) as error:
        raise ArgumentTypeError(f"no device {text!r} here") from error
    return found
