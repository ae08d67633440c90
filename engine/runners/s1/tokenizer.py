"""Text to token ids: byte-pair encoding by tiktoken, over the vocabulary of the checkpoint."""

import base64
import binascii
from pathlib import Path

import tiktoken

from engine.pytorch.json_file import read_object
from engine.pytorch.text_file import read_text
from engine.runners.s1.errors import CheckpointError

VOCABULARY_FILE = "tokenizer.tiktoken"
SPECIAL_TOKENS_FILE = "special_tokens.json"

INTERLEAVE = "<|interleave|>"
IM_END = "<|im_end|>"
_SEMANTIC = "<|semantic:{}|>"

#: Where text is cut before any merge. The original means a look-ahead in the last but one
#: alternative and escapes its question mark, so that it matches spaces before a literal `?!`.
#: Such spaces are rare, and a run of spaces before a word becomes one piece: the model was trained
#: on that, so it stays.
PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    r"|\p{P}"
    r"|[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+"
    r"|\s+(\?!\S)"
    r"|\s+"
)
#: Longer texts are encoded in stretches of this many characters, as the original does: tiktoken's
#: stack does not bear millions.
_MAX_STRETCH = 400_000
_NUM_BYTES = 256
#: Of a special token. All of them are one regular expression, whose size is limited.
_MAX_NAME = 1_000


class Tokenizer:
    """The vocabulary of one checkpoint.

    Ids run from 0: mergeable tokens by rank, then special tokens in the order of their file, whose
    own numbers are ignored, as in the original. The last of them are `<|semantic:0|>` and so on,
    one for each code of the first codebook, in order.
    """

    def __init__(
        self, ranks: dict[bytes, int], special_ids: dict[str, int], num_semantic: int
    ) -> None:
        """Take consecutive ranks from 0 and the ids that follow them."""
        self._encoding = tiktoken.Encoding(
            "s1", pat_str=PIECES, mergeable_ranks=ranks, special_tokens=special_ids
        )
        self.num_tokens = len(ranks) + len(special_ids)
        self.interleave_id = special_ids[INTERLEAVE]
        self.im_end_id = special_ids[IM_END]
        self.num_semantic = num_semantic
        self.semantic_begin_id = special_ids[_SEMANTIC.format(0)]

    def encode(self, text: str, *, allow_special: bool = False) -> list[int]:
        """Return the ids of `text`, verbatim.

        A string such as `<|im_end|>` is plain text unless `allow_special`, which is for trusted
        text alone: with it, whoever writes the text can end the prompt.
        """
        ids: list[int] = []
        for at in range(0, len(text), _MAX_STRETCH):
            stretch = text[at : at + _MAX_STRETCH]
            if allow_special:
                ids += self._encoding.encode(stretch, allowed_special="all")
            else:
                ids += self._encoding.encode_ordinary(stretch)
        return ids


def read_tokenizer(folder: Path, *, codebook_size: int, vocab_size: int) -> Tokenizer:
    """Read `tokenizer.tiktoken` and `special_tokens.json` in `folder`.

    Raises:
        CheckpointError: a file is missing or damaged, a special token that prompts need is
            missing, the semantic tokens are not one run of `codebook_size`, or there are more
            tokens than the `vocab_size` rows of the model's table.
    """
    ranks = _read_ranks(folder / VOCABULARY_FILE)
    path = folder / SPECIAL_TOKENS_FILE
    names = _read_special_tokens(path)
    special_ids = {name: len(ranks) + index for index, name in enumerate(names)}
    for needed in (INTERLEAVE, IM_END, _SEMANTIC.format(0)):
        if needed not in special_ids:
            raise CheckpointError(path, "missing", needed)
    first = special_ids[_SEMANTIC.format(0)]
    for code in range(codebook_size):
        name = _SEMANTIC.format(code)
        if special_ids.get(name) != first + code:
            raise CheckpointError(path, "does not follow its predecessor", name)
    if len(ranks) + len(names) > vocab_size:
        problem = f"{len(ranks) + len(names)} tokens, but the model has {vocab_size}"
        raise CheckpointError(path, problem)
    return Tokenizer(ranks, special_ids, codebook_size)


def _read_ranks(path: Path) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split()
        # A lone `=` in front is what an empty token looks like; the original skips it.
        if not fields or fields[0] == "=":
            continue
        try:
            token, rank = fields
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except (ValueError, binascii.Error) as error:
            raise CheckpointError(path, f"not `base64 rank`: {line!r}", f"line {number}") from error
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise CheckpointError(path, "the ranks are not 0, 1, 2, … each once")
    for byte in range(_NUM_BYTES):
        if bytes([byte]) not in ranks:
            raise CheckpointError(path, "missing, so some texts have no tokens", f"byte {byte}")
    return ranks


def _read_special_tokens(path: Path) -> list[str]:
    names = list(read_object(path))
    for name in names:
        if len(name) > _MAX_NAME:
            raise CheckpointError(path, f"a name of more than {_MAX_NAME} characters", name)
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise CheckpointError(path, f"no text: {error.reason}", ascii(name)) from error
    return names
