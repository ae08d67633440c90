"""From text to tokens, with the tokenizer of a checkpoint."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from transformers import VitsTokenizer

from engine.errors import CheckpointError, ModelUnavailable
from engine.pytorch.json_file import read_object

VOCABULARY_FILE = "vocab.json"
TOKENIZER_FILE = "tokenizer_config.json"

#: A code of ISO 639, and what MMS says of a script or a dialect behind it.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]+)*")

Romanize = Callable[[str], str]


class TextReader:
    """Turns text into tokens. What the vocabulary does not know makes no sound."""

    def __init__(
        self, tokenizer: VitsTokenizer, num_tokens: int, romanize: Romanize | None = None
    ) -> None:
        """Read with `tokenizer` for a model of `num_tokens` tokens.

        `romanize` turns a text of any script into latin letters, for a checkpoint that knows no
        others.
        """
        self._tokenizer = tokenizer
        self._num_tokens = num_tokens
        self._romanize = romanize

    def __call__(self, text: str) -> list[int]:
        """Return the tokens of `text`, none if nothing in it can be spoken."""
        if self._romanize is not None and not text.isascii():
            text = self._romanize(text.lower())
        found = self._tokenizer(text)["input_ids"]
        # An unknown character has a number beyond the model's table.
        tokens = [token for token in found if token < self._num_tokens]
        # A blank stands before and after every character, and alone where there is none.
        return tokens if len(tokens) > self._tokenizer.add_blank else []


def read_tokenizer(folder: Path, num_tokens: int) -> tuple[TextReader, str | None]:
    """Read `vocab.json` and `tokenizer_config.json`; return the reader and the language's code.

    Raises:
        CheckpointError: a file is missing or damaged, or does not fit the model.
        ModelUnavailable: the checkpoint reads what only a library that is missing can write.
    """
    _check_vocabulary(folder / VOCABULARY_FILE, num_tokens)
    language = read_object(folder / TOKENIZER_FILE).get("language")
    _check_language(folder / TOKENIZER_FILE, language)
    try:
        tokenizer = VitsTokenizer.from_pretrained(folder, local_files_only=True)
        reader = _reader(tokenizer, num_tokens)
        # What would fail for every text should fail before anybody listens.
        reader("a")
    except ModelUnavailable:
        raise
    except Exception as error:  # a wrong field surfaces wherever the library first uses it
        raise CheckpointError(folder / TOKENIZER_FILE, f"no tokenizer: {error}") from error
    return reader, language


def _reader(tokenizer: VitsTokenizer, num_tokens: int) -> TextReader:
    if tokenizer.phonemize and find_spec("phonemizer") is None:
        raise ModelUnavailable("this checkpoint reads phonemes: pip install phonemizer")
    romanize = _romanizer(tokenizer.language) if tokenizer.is_uroman else None
    # The tokenizer would load the romanizer's tables anew for every text.
    tokenizer.is_uroman = False
    return TextReader(tokenizer, num_tokens, romanize)


def _romanizer(language: str | None) -> Romanize:
    try:
        import uroman  # needed by some checkpoints alone
    except ImportError as error:
        raise ModelUnavailable(
            "this checkpoint reads latin letters alone: pip install uroman"
        ) from error
    tables = uroman.Uroman()
    return lambda text: str(tables.romanize_string(text, lcode=language))


def _check_language(path: Path, language: object) -> None:
    if language in (None, ""):
        return
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise CheckpointError(path, f"{language!a} is no language", "language")


def _check_vocabulary(path: Path, num_tokens: int) -> None:
    vocabulary = read_object(path)
    if not any(len(token) == 1 and token.isalpha() for token in vocabulary):
        raise CheckpointError(path, "there is no letter in it: no text could be spoken")
    for token, number in vocabulary.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < num_tokens:
            raise CheckpointError(path, f"{number!r} is not 0 to {num_tokens - 1}", ascii(token))
