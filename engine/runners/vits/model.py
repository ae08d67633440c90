"""A checkpoint folder as one model: text in, samples out."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import CheckpointError
from engine.pytorch.text_file import read_text
from engine.runners.vits.config import CONFIG_FILE, read_config
from engine.runners.vits.languages import tags
from engine.runners.vits.noise import SegmentNoise
from engine.runners.vits.prior import Line, Prior
from engine.runners.vits.reader import TextReader, read_tokenizer
from engine.runners.vits.vocoder import Vocoder, Window
from engine.runners.vits.weights import load_model

CARD_FILE = "README.md"
_FRONT_MATTER = re.compile(r"---\n(?P<fields>.*?)\n---", re.DOTALL)
_LICENCE = re.compile(r"^license:\s*['\"]?(?P<name>[\w.+-]+)", re.MULTILINE)
#: BCP 47 for a language that is not told.
_UNTOLD = "und"


@dataclass(frozen=True, slots=True, kw_only=True)
class VitsCheckpoint:
    """What a folder holds. Nothing in it belongs to a sequence."""

    reader: TextReader
    prior: Prior
    vocoder: Vocoder
    device: torch.device
    sample_rate_hz: int
    num_speakers: int
    #: BCP 47, the best first.
    languages: tuple[str, ...]
    #: As its card says it.
    licence: str | None


def load_checkpoint(
    folder: Path, *, device: torch.device, dtype: torch.dtype = torch.float32
) -> VitsCheckpoint:
    """Load a checkpoint folder.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
        ModelUnavailable: it needs a library that is missing.
    """
    config = read_config(folder)
    reader, language = read_tokenizer(folder, config.vocab_size)
    model = load_model(folder, config, device=device, dtype=dtype)
    prior, vocoder = Prior(model), Vocoder(model.decoder, config)
    try:
        _speak(prior, vocoder, None if config.num_speakers == 1 else 0)
    except Exception as error:  # sizes that the weights have, and that do not go together
        problem = str(error).partition("\n")[0]
        raise CheckpointError(folder / CONFIG_FILE, f"describes no speech: {problem}") from error
    return VitsCheckpoint(
        reader=reader,
        prior=prior,
        vocoder=vocoder,
        device=device,
        sample_rate_hz=config.sampling_rate,
        num_speakers=config.num_speakers,
        languages=tags(language or _UNTOLD),
        licence=_licence(folder / CARD_FILE),
    )


@torch.inference_mode()
def _speak(prior: Prior, vocoder: Vocoder, speaker: int | None) -> None:
    """Say a few tokens: what fails here would fail for every text."""
    line = Line([0] * 8, speaker, speed=1.0, noise=SegmentNoise(0, 0), max_hops=8)
    (latents,) = prior([line])
    vocoder([Window(latents.values, latents.speaker, 0, latents.values.shape[1])])


def _licence(card: Path) -> str | None:
    """Return what the card of a repository of the Hub says of it, None without a card."""
    try:
        text = read_text(card)
    except CheckpointError:
        return None
    front = _FRONT_MATTER.match(text)
    found = front and _LICENCE.search(front["fields"])
    return found["name"] if found else None
