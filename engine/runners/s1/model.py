"""A checkpoint folder as one model: text in, frames of codes, samples out."""

from dataclasses import dataclass
from pathlib import Path

import torch

from engine.runners.s1.codec import Codec, load_codec
from engine.runners.s1.codec.config import DIMS_FILE
from engine.runners.s1.errors import CheckpointError
from engine.runners.s1.language_model import LanguageModel, Vocabulary, load_language_model
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
    num_codebooks = len(codec.config.codebook_sizes)
    if num_codebooks != language_model.config.num_codebooks:
        problem = f"{num_codebooks} codebooks, not {language_model.config.num_codebooks}"
        raise CheckpointError(folder / DIMS_FILE, problem, "quantizer.n_codebooks")
    prompts = PromptBuilder(language_model.config, tokenizer)
    return S1Model(language_model, tokenizer, prompts, codec)
