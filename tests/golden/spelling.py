"""l_variants: how a checkpoint is spelled, which a variant states."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from tests.golden.comparison import Comparison, equal

_WRAPPER = "state_dict"
_PREFIXES = {"model_prefix": "model.", "generator_prefix": "generator."}


def compare_spelling(folder: Path, stem: str, stated: dict[str, Any]) -> Iterator[Comparison]:
    """Compare the names within `stem`.pth, or within `stem`.safetensors, with what is stated."""
    is_wrapped, names = _names(folder, stem)
    prefix = next((each for each in _PREFIXES.values() if _has(names, each)), "")
    ours: dict[str, object] = {
        "state_dict_wrapper": is_wrapped,
        **{key: prefix == each for key, each in _PREFIXES.items()},
        "stray_audio_keys": any("audio_" in name for name in names),
        "stray_keys": sorted(name for name in names if not name.startswith(prefix)),
        "split_wq_wk_wv": any(".wq." in name for name in names),
    }
    for key, value in stated.items():
        # What is split is told in words.
        told = bool(value) if key == "split_wq_wk_wv" else value
        yield equal(f"{stem}, {key}", ours[key], sorted(told) if isinstance(told, list) else told)


def _has(names: list[str], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in names)


def _names(folder: Path, stem: str) -> tuple[bool, list[str]]:
    path = folder / f"{stem}.safetensors"
    if path.exists():
        with safe_open(path, "pt") as file:
            return False, list(file.keys())
    stored = torch.load(folder / f"{stem}.pth", map_location="cpu", weights_only=True)
    is_wrapped = _WRAPPER in stored
    return is_wrapped, list(stored[_WRAPPER] if is_wrapped else stored)
