"""What a bench may be told, refused before anything is measured."""

from argparse import ArgumentTypeError

import torch


def positive(text: str) -> int:
    """Read how many; none is no figure."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("must be 1 or more")
    return number


def row_counts(text: str) -> list[int]:
    """Read numbers of rows, comma-separated."""
    return [positive(part) for part in text.split(",")]


def present_device(text: str) -> torch.device:
    """Read a device that is there."""
    try:
        found = torch.device(text)
        torch.empty(0, device=found)
    # Where torch is built without CUDA, it asserts that it is.
    except (RuntimeError, AssertionError) as error:
        raise ArgumentTypeError(f"no device {text!r} here") from error
    return found
