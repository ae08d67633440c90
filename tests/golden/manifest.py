"""`MANIFEST.json`: what the other files hold, where a folder says so."""

from collections.abc import Iterator
from pathlib import Path

from safetensors import safe_open

from tests.golden.comparison import Comparison, equal, read_json

MANIFEST = "MANIFEST"


def compare_manifest(folder: Path) -> Iterator[Comparison]:
    """Compare the tensors of every file, and how many cases there are, with what is stated."""
    files = read_json(folder / f"{MANIFEST}.json")["files"]
    for file, stated in files.items():
        if "tensors" in stated:
            yield equal(f"{file} tensors", _shapes(folder / file), stated["tensors"])
        for name, variant in stated.get("variants", {}).items():
            found = _shapes(folder / variant["expected"])
            yield equal(f"{name} tensors", found, variant["tensors"])
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
