"""`MANIFEST.json`: what the other files hold, where a folder says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import safe_open

from tests.golden import decode, encode
from tests.golden.comparison import Comparison, compare_tolerances, equal, read_json, within
from tests.golden.mutations import compare_mutations
from tests.golden.sampling import PROBABILITY
from tests.golden.transformers import FAST, SLOW

MANIFEST = "MANIFEST"
_ROUNDING = "float32_rounding_noise_observed"
#: Letter of a file → all tolerances we have for it; the others are exact.
_TOLERANCES = {
    "c": {SLOW},
    "d": {FAST},
    "e": {PROBABILITY},
    "g": {decode.WAVE_TOLERANCE, decode.LATENT_TOLERANCE},
    "h": {encode.SAFE_MARGIN, encode.LATENT_TOLERANCE},
    "i": {decode.WAVE_TOLERANCE},
    "l": {SLOW, FAST, decode.WAVE_TOLERANCE, encode.SAFE_MARGIN},
    "m": {PROBABILITY},
}


def compare_manifest(folder: Path) -> Iterator[Comparison]:
    """Compare sizes, tensors and tolerances of every file with what is stated, and their cases."""
    manifest = read_json(folder / f"{MANIFEST}.json")
    files = manifest["files"]
    for file, stated in files.items():
        yield from _compare_file(folder, file, stated)
    for key, noise in manifest.items():
        if key.startswith(_ROUNDING):
            for name, measured in noise.items():
                yield within(f"rounding of {name}", measured, min(_TOLERANCES[name[0]]))
    yield from _compare_cases(folder, files)
    yield from compare_mutations(folder, manifest.get("mutations", []))


def _compare_file(folder: Path, file: str, stated: dict[str, Any]) -> Iterator[Comparison]:
    path = folder / file
    yield compare_tolerances(file, stated["tolerance"], _TOLERANCES.get(file[0], set()))
    if "tensors" in stated:
        yield equal(f"{file} tensors", _shapes(path), stated["tensors"])
    for name, variant in stated.get("variants", {}).items():
        found = _shapes(folder / variant["expected"])
        yield equal(f"{name} tensors", found, variant["tensors"])
    if "description" in stated:
        yield equal(f"{file} description", stated["description"], path.with_suffix(".json").name)
    if "folder" in stated:
        yield equal(f"{file} folder", stated["folder"], path.stem)
    if "bytes" in stated:
        yield equal(f"{file} bytes", stated["bytes"] in _sizes(folder, path, stated), True)


def _sizes(folder: Path, path: Path, stated: dict[str, Any]) -> set[int]:
    """Return the size of the file alone, and together with all that belongs to it."""
    description = path.with_name(stated.get("description", path.name))
    parts = path.parent if path.parent != folder else folder / stated.get("folder", path.stem)
    inner = [each for each in (*parts.glob("*"), *parts.glob("*/*")) if each.is_file()]
    return {
        sum(each.stat().st_size for each in {path, *others})
        for others in ((), (description,), inner)
    }


def _compare_cases(folder: Path, files: dict[str, Any]) -> Iterator[Comparison]:
    tokenizer, penalty = "j_tokenizer.json", "k_penalty.json"
    golden = read_json(folder / tokenizer)
    sizes = [len(golden["cases"]), len(golden["prompts"])]
    yield equal(tokenizer, sizes, [files[tokenizer][key] for key in ("texts", "prompts")])
    histories = read_json(folder / penalty)["histories"]
    steps = {each["name"]: len(each["steps"]) for each in histories}
    yield equal(penalty, steps, files[penalty]["histories"])


def _shapes(path: Path) -> dict[str, list[object]]:
    """Return the shape and the dtype of every tensor, in the words of its file."""
    with safe_open(path, "pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        return {name: [each.get_shape(), each.get_dtype()] for name, each in slices.items()}
