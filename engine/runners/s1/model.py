"""A checkpoint folder as one model: text in, frames of codes, samples out."""

from dataclasses import dataclass
from pathlib import Path

import torch

from engine.runners.s1.codec import Codec, CodecConfig, load_codec
from engine.runners.s1.codec.config import DIMS_FILE
from engine.runners.s1.config import DualARConfig
from engine.runners.s1.errors import CheckpointError
from engine.runners.s1.language_model import (
    NUM_RESIDUAL_CODES,
    LanguageModel,
    Vocabulary,
    load_language_model,
)
from engine.runners.s1.prompt import PromptBuilder
from engine.runners.s1.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class S1Model:
    """Both halves of a checkpoint. Nothing in it belongs to a sequence."""

    language_model: LanguageModel
    tokenizer: Tokenizer
    prompts: PromptBuilder
    codec: Codec


def load_model(
    folder: Path,
    *,
    device: torch.device,
    dtype: torch.dtype,
    vocabulary: Vocabulary = Vocabulary.SPEECH,
) -> S1Model:
    """Load a checkpoint folder.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
    """
    with torch.inference_mode():
        language_model, tokenizer = load_language_model(
            folder, vocabulary=vocabulary, dtype=dtype, device=device
        )
        codec = load_codec(folder, device, dtype)
    _check_codebooks(codec.config, language_model.config, folder / DIMS_FILE)
    prompts = PromptBuilder(language_model.config, tokenizer)
    return S1Model(language_model, tokenizer, prompts, codec)


def _check_codebooks(codec: CodecConfig, model: DualARConfig, path: Path) -> None:
    """Pass if the codec has the model's codebooks, with a row at least for each code it draws."""
    num_residual = model.num_codebooks - 1
    if codec.num_residual_codebooks != num_residual:
        problem = f"{codec.num_residual_codebooks} codebooks, not {num_residual}"
        raise CheckpointError(path, problem, "quantizer.n_codebooks")
    num_residual_codes = min(NUM_RESIDUAL_CODES, model.codebook_size)
    for key, num_rows, num_codes in (
        ("semantic_codebook_size", codec.semantic_codebook_size, model.codebook_size),
        ("codebook_size", codec.residual_codebook_size, num_residual_codes),
    ):
        if num_rows < num_codes:
            problem = f"{num_rows} rows, but the model draws {num_codes} codes"
            raise CheckpointError(path, problem, f"quantizer.{key}")
