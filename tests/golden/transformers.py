"""`c_slow`, `d_fast`: states and logits of both transformers, given every input."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from engine.runners.s1.config import read_config
from engine.runners.s1.language_model import LanguageModel, assemble
from engine.runners.s1.weights import read_weights
from tests.golden.checkpoint import tokenizer_of
from tests.golden.comparison import Comparison, equal, near
from tests.golden.crowd import Crowd
from tests.golden.dictation import read_in_company
from tests.golden.forcing import fast_logits
from tests.golden.language_model_mistakes import Mistake, none
from tests.golden.tensors import GoldenTensors

SLOW = 2e-4
FAST = 1e-4
#: The prompt is read in pieces of this many columns.
_PIECE = 50


def compare_slow(folder: Path) -> Iterator[Comparison]:
    """Compare `c_slow.safetensors`."""
    golden = GoldenTensors(folder / "c_slow.safetensors")
    prompt, frames = golden["prompt"], golden["step_frames"]
    states = read_in_company(folder / "checkpoint", prompt, frames)
    states, steps = states.split((prompt.shape[1], frames.shape[1]))
    yield from compare_columns(read_whole_model(folder / "checkpoint"), golden, states, steps)
    yield golden.all_read("c_slow")


def compare_fast(folder: Path) -> Iterator[Comparison]:
    """Compare `d_fast.safetensors`."""
    golden = GoldenTensors(folder / "d_fast.safetensors")
    ours = fast_logits(
        read_whole_model(folder / "checkpoint"), golden["hidden"], golden["forced_codes"]
    )
    yield near("logits", ours, golden["logits"], FAST)
    yield golden.all_read("d_fast")


def read_whole_model(
    checkpoint: Path, dtype: torch.dtype = torch.float32, mistake: Mistake = none
) -> LanguageModel:
    """Return a model that scores every row of its tables, as the golden logits do."""
    config = read_config(checkpoint)
    config, weights = mistake(config, read_weights(checkpoint, config))
    return assemble(
        config,
        weights,
        semantic_begin_id=tokenizer_of(checkpoint).semantic_begin_id,
        token_ids=torch.arange(config.vocab_size),
        num_codes=config.codebook_size,
        dtype=dtype,
        device=torch.device("cpu"),
    )


def compare_columns(
    model: LanguageModel, golden: GoldenTensors, states: Tensor, steps: Tensor
) -> Iterator[Comparison]:
    """Compare the states of a prompt and of each frame after it, and what they score."""
    columns = torch.cat((golden["prompt"], golden["step_frames"]), dim=1).T
    yield equal("codes of text", _codes_of_text(model, columns), 0)
    yield near("prefill_hidden", states, golden["prefill_hidden"], SLOW)
    name, num_scored = scored_states(golden)
    yield near(name, model.head(states[-num_scored:]), golden[name], SLOW)
    yield near("step_hidden", steps, golden["step_hidden"], SLOW)
    yield near("step_logits", model.head(steps), golden["step_logits"], SLOW)


def read_columns(model: LanguageModel, golden: GoldenTensors) -> tuple[Tensor, Tensor]:
    """Return the states (T, dim) of the prompt, and those (n, dim) of the frames after it."""
    prompt, frames = golden["prompt"].T, golden["step_frames"].T
    crowd = Crowd(model, len(prompt) + len(frames))
    states = torch.cat([crowd.read(piece) for piece in prompt.split(_PIECE)])
    return states, torch.cat([crowd.read(frame) for frame in frames.split(1)])


def scored_states(golden: GoldenTensors) -> tuple[str, int]:
    """Return the name of the logits of the prompt, and how many of its last states they score."""
    name = "prefill_logits" if "prefill_logits" in golden else "prefill_logits_last8"
    return name, len(golden[name])


def _codes_of_text(model: LanguageModel, columns: Tensor) -> int:
    """Count the codes in columns of text, which the model does not look at: there are none."""
    begin = model.draw_frames._semantic_begin_id
    is_text = (columns[:, 0] < begin) | (columns[:, 0] >= begin + model.config.codebook_size)
    return int(columns[is_text, 1:].count_nonzero())
