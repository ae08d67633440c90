"""`f_generate.*`: whole generations, all of them side by side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.request import Sampling
from engine.runners.s1.tokenizer import Tokenizer
from tests.golden.checkpoint import tokenizer_of
from tests.golden.comparison import Comparison, equal, read_json
from tests.golden.gaps import compare_gaps
from tests.golden.prompt import spoken
from tests.golden.serving import serve
from tests.golden.stage import Generation
from tests.golden.tensors import GoldenTensors
from tests.golden.transformers import read_whole_model


def compare_generations(folder: Path) -> Iterator[Comparison]:
    """Compare every case of `f_generate.json`."""
    golden = GoldenTensors(folder / "f_generate.safetensors")
    cases = read_json(folder / "f_generate.json")
    generations = [_generation(folder, case) for case in cases]
    serve(folder / "checkpoint", generations)
    model, tokenizer = read_whole_model(folder / "checkpoint"), tokenizer_of(folder / "checkpoint")
    for case, generation in zip(cases, generations, strict=True):
        yield from _compare(case, generation, golden, tokenizer)
        num_prompt = generation.prompt.shape[1]
        yield from compare_gaps(f"{case['case']}.", golden, case, num_prompt, model)
    yield golden.all_read("f_generate")


def _generation(folder: Path, case: dict[str, Any]) -> Generation:
    return Generation(
        text=case["text"],
        spoken=spoken(folder, case["refs"]),
        max_new_tokens=case["max_new_tokens"],
        sampling=Sampling(
            seed=case["seed"],
            temperature=case["temperature"],
            top_p=case["top_p"],
            repetition_penalty=case["repetition_penalty"],
        ),
    )


def _compare(
    case: dict[str, Any], generation: Generation, golden: GoldenTensors, tokenizer: Tokenizer
) -> Iterator[Comparison]:
    name = case["case"]
    columns = generation.columns
    # The original always drops the last column, even if it is no end.
    ours = {
        "prompt_length": generation.prompt.shape[1],
        "columns_generated": columns.shape[1],
        "codes_returned": columns.shape[1] - 1,
        "stopped_by_im_end": int(columns[0, -1]) == tokenizer.im_end_id,
        "non_semantic_row0_tokens": int((columns[0] < tokenizer.semantic_begin_id).sum()),
    }
    for key, value in ours.items():
        yield equal(f"{name} {key}", value, case[key])
    yield equal(f"{name} codes", columns[1:, :-1], golden[f"{name}.codes"])
    yield equal(f"{name} sequence", generation.sequence, golden[f"{name}.sequence"])
