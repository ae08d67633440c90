"""Compare our model with a folder of golden vectors: `python -m tests.golden FOLDER`.

Prints a line for each file: its largest difference relative to the tolerance. Exits with 1 if
anything is missed, and names it.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError

from engine.errors import EngineError
from tests.golden.codec_variants import compare_codec_variants
from tests.golden.comparison import Comparison
from tests.golden.decode import compare_decode
from tests.golden.edges import compare_edges
from tests.golden.encode import compare_encode
from tests.golden.end_to_end import compare_ends
from tests.golden.generation import compare_generations
from tests.golden.language_model_variants import compare_variants
from tests.golden.manifest import MANIFEST, compare_manifest
from tests.golden.penalty import compare_penalties
from tests.golden.prompt import compare_prompts
from tests.golden.sampling import compare_sampling
from tests.golden.stored import CHECKPOINT, compare_stored
from tests.golden.tokenizer import compare_pieces, compare_texts
from tests.golden.transformers import compare_fast, compare_slow

#: Golden file → what compares with it.
COMPARISONS: dict[str, tuple[Callable[[Path], Iterable[Comparison]], ...]] = {
    MANIFEST: (compare_manifest,),
    CHECKPOINT: (compare_stored,),
    "a_tokenizer": (compare_texts,),
    "b_prompt": (compare_prompts,),
    "c_slow": (compare_slow,),
    "d_fast": (compare_fast,),
    "e_sampling": (compare_sampling,),
    "f_generate": (compare_generations,),
    "g_decode": (compare_decode,),
    "h_encode": (compare_encode,),
    "i_e2e": (compare_ends,),
    "j_tokenizer": (compare_pieces,),
    "k_penalty": (compare_penalties,),
    "l_variants": (compare_codec_variants, compare_variants),
    "m_edges": (compare_edges,),
}

#: What a damaged folder leads to: it is missed, and the other files are still compared.
DAMAGE = (
    *(EngineError, SafetensorError, OSError),
    *(ArithmeticError, AttributeError, LookupError, RuntimeError),
    *(SyntaxError, TypeError, ValueError),
)


@torch.inference_mode()
def compare(name: str, folder: Path) -> list[Comparison]:
    """Return all comparisons of one golden file.

    Raises:
        ValueError: it holds nothing to compare.
    """
    lines = [line for compare_file in COMPARISONS[name] for line in compare_file(folder)]
    if not lines:
        raise ValueError("nothing to compare")
    return lines


@torch.inference_mode()
def is_met(name: str, folder: Path) -> bool:
    """Tell whether a golden file is met, and look no further than to the first miss."""
    lines = (line for compare_file in COMPARISONS[name] for line in compare_file(folder))
    try:
        return all(line.is_met for line in lines)
    except DAMAGE:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    # The models are so small that several threads only wait for each other.
    torch.set_num_threads(1)
    # What only describes the others may be missing.
    has_manifest = (folder / f"{MANIFEST}.json").exists()
    names = [name for name in COMPARISONS if name != MANIFEST or has_manifest]
    is_met = [_run(name, folder) for name in names]
    return 0 if all(is_met) else 1


def _run(name: str, folder: Path) -> bool:
    try:
        return _report(name, compare(name, folder))
    except DAMAGE as error:
        print(f"{name:12} {type(error).__name__}: {error}")  # noqa: T201 - a command line
        return False


def _report(name: str, comparisons: list[Comparison]) -> bool:
    missed = [comparison for comparison in comparisons if not comparison.is_met]
    verdict = f"{len(missed)} of {len(comparisons)} missed" if missed else "met"
    print(f"{name:12} {_summary(comparisons):60} {verdict}")  # noqa: T201 - a command line
    for comparison in missed:
        print(f"    {comparison.name}: {comparison.largest:g} > {comparison.tolerance:g}")  # noqa: T201
    return not missed


def _summary(comparisons: list[Comparison]) -> str:
    parts = []
    for tolerance in sorted({comparison.tolerance for comparison in comparisons}):
        alike = [each.largest for each in comparisons if each.tolerance == tolerance]
        if tolerance:
            parts.append(f"{max(alike):.2g} of {tolerance:g}")
        else:
            parts.append(f"{len(alike)} equal" if not any(alike) else f"{sum(alike):g} differ")
    return ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
