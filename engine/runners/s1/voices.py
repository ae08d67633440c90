"""The voices of a checkpoint: what each said once, as codes and text.

In the folder `voices` of the checkpoint a voice `anna` is `anna.npy`, integers of the shape
(num_codebooks, frames) as the codec encodes a recording, and `anna.txt`, what is said in it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from engine.pytorch.regular_file import check_regular
from engine.pytorch.text_file import read_text
from engine.runners.s1.errors import CheckpointError, PromptRejected
from engine.runners.s1.prompt import Codes, PromptBuilder, SpokenText
from engine.voices import DEFAULT_VOICE, VOICE_ID, Voice, VoiceCatalogue

VOICES_FOLDER = "voices"
#: What every voice speaks: the languages on the model's card.
LANGUAGES = ("en", "zh", "ja", "de", "fr", "es", "ko", "ar", "ru", "nl", "it", "pl", "pt")
#: More than any prompt holds, in letters of four bytes and in integers of eight.
_MAX_TEXT_BYTES, _MAX_CODES_BYTES = 1 << 20, 16 << 20

#: Voice id → its reference; the default voice has none, and the model draws one.
Voices = Mapping[str, SpokenText | None]


def read_voices(folder: Path, prompts: PromptBuilder, max_tokens: int) -> Voices:
    """Return the default voice and those in the folder `voices` of a checkpoint.

    Raises:
        CheckpointError: a voice has a name that no request can have, lacks one of its files, has
            codes that are not those of the checkpoint, or takes more than `max_tokens` tokens.
    """
    files = _files(folder / VOICES_FOLDER)
    return {DEFAULT_VOICE: None} | {file.stem: _read(file, prompts, max_tokens) for file in files}


def check_voice(spoken: Iterable[SpokenText], prompts: PromptBuilder, max_tokens: int) -> None:
    """Pass if the model can be prompted with a voice of these references.

    Raises:
        PromptRejected: their codes are not the model's, or they take more than `max_tokens` tokens.
    """
    num_tokens = prompts.prefix(spoken).shape[1]
    if num_tokens > max_tokens:
        taken = f"the voice takes {num_tokens} tokens, of {max_tokens} at most"
        raise PromptRejected(f"{taken}: use shorter recordings, or fewer")


def catalogue(voices: Voices) -> VoiceCatalogue:
    """Return the voices as requests name them."""
    entries = [
        Voice(voice, "Drawn by the model" if reference is None else voice, LANGUAGES)
        for voice, reference in voices.items()
    ]
    return VoiceCatalogue(entries, default=DEFAULT_VOICE)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".npy")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(folder, error.strerror or str(error)) from error


def _read(file: Path, prompts: PromptBuilder, max_tokens: int) -> SpokenText:
    if not VOICE_ID.fullmatch(file.stem) or file.stem == DEFAULT_VOICE:
        raise CheckpointError(file, "no voice can have this name")
    text = read_text(file.with_suffix(".txt"), _MAX_TEXT_BYTES).strip()
    spoken = SpokenText(text, _read_codes(file))
    try:
        check_voice([spoken], prompts, max_tokens)
    except PromptRejected as error:
        raise CheckpointError(file, str(error)) from error
    return spoken


def _read_codes(file: Path) -> Codes:
    check_regular(file, _MAX_CODES_BYTES)
    try:
        # Mapped, so that a header that claims more than the file holds is told by numpy itself.
        codes = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header surfaces as whatever it leads to
        raise CheckpointError(file, f"not an array of numpy's: {error}") from error
    if not isinstance(codes, np.ndarray) or codes.dtype.kind not in "iu":
        raise CheckpointError(file, "not an array of integers")
    return np.array(codes)
