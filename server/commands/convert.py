"""`voxline convert`: the tensors of a checkpoint as safetensors."""

import argparse
from pathlib import Path

from server.models import convert_checkpoint


def convert(flags: argparse.Namespace) -> int:
    """Convert the checkpoint in `flags.folder`, and name the files that were written."""
    for path in convert_checkpoint(Path(flags.folder)):
        print(path)
    return 0
