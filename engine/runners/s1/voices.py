"""The voices of a checkpoint: what each said once, as codes and text.

In the folder `voices` of the checkpoint a voice `anna` is `anna.npy`, integers of the shape
(num_codebooks, frames) as the codec encodes a recording, and `anna.txt`, what is said in it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engine.pytorch.text_file import read_text
from engine.runners.s1.errors import CheckpointError, PromptRejected
from engine.runners.s1.prompt import Codes, PromptBuilder, SpokenText
from engine.voices import DEFAULT_VOICE, VOICE_ID, Voice, VoiceCatalogue

VOICES_FOLDER = "voices"
#: What every voice speaks: the languages on the model's card.
LANGUAGES = ("en", "zh", "ja", "de", "fr", "es", "ko", "ar", "ru", "nl", "it", "pl", "pt")

#: Voice id → its reference; the default voice has none, and the model draws one.
Voices = Mapping[str, SpokenText | None]


def read_voices(folder: Path, prompts: PromptBuilder) -> Voices:
    """Return the default voice and those in the folder `voices` of a checkpoint.

    Raises:
        CheckpointError: a voice has a name that no request can have, lacks one of its files, or
            has codes that are not those of the checkpoint.
    """
    files = sorted((folder / VOICES_FOLDER).glob("*.npy"))
    return {DEFAULT_VOICE: None} | {file.stem: _read(file, prompts) for file in files}


def catalogue(voices: Voices) -> VoiceCatalogue:
    """Return the voices as requests name them."""
    entries = [
        Voice(voice, "Drawn by the model" if reference is None else voice, LANGUAGES)
        for voice, reference in voices.items()
    ]
    return VoiceCatalogue(entries, default=DEFAULT_VOICE)


def _read(file: Path, prompts: PromptBuilder) -> SpokenText:
    if not VOICE_ID.fullmatch(file.stem) or file.stem == DEFAULT_VOICE:
        raise CheckpointError(file, "no voice can have this name")
    spoken = SpokenText(read_text(file.with_suffix(".txt")).strip(), _read_codes(file))
    try:
        prompts.prefix([spoken])
    except PromptRejected as error:
        raise CheckpointError(file, str(error)) from error
    return spoken


def _read_codes(file: Path) -> Codes:
    try:
        # Mapped, so that a header that claims more than the file holds is told by numpy itself.
        codes = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header surfaces as whatever it leads to
        raise CheckpointError(file, f"not an array of numpy's: {error}") from error
    if not isinstance(codes, np.ndarray) or codes.dtype.kind not in "iu":
        raise CheckpointError(file, "not an array of integers")
    return np.array(codes)
