"""A checkpoint folder as one model: text in, samples out."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.runners.vits.config import read_config
from engine.runners.vits.languages import tags
from engine.runners.vits.prior import Prior
from engine.runners.vits.reader import TextReader, read_tokenizer
from engine.runners.vits.vocoder import Vocoder
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
    return VitsCheckpoint(
        reader=reader,
        prior=Prior(model),
        vocoder=Vocoder(model.decoder, config),
        device=device,
        sample_rate_hz=config.sampling_rate,
        num_speakers=config.num_speakers,
        languages=tags(language or _UNTOLD),
        licence=_licence(folder / CARD_FILE),
    )


def _licence(card: Path) -> str | None:
    """Return what the card of a repository of the Hub says of it, None without a card."""
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    front = _FRONT_MATTER.match(text)
    found = front and _LICENCE.search(front["fields"])
    return found["name"] if found else None
