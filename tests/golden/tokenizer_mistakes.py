"""`j_tokenizer.json`: how many texts each mistake in reading them changes."""

from collections.abc import Iterator
from typing import Any

import tiktoken

from engine.runners.s1.tokenizer import PIECES, Tokenizer
from tests.golden.comparison import Comparison, equal

_TAG = "<|speaker:0|>"
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
_PUNCTUATION = r"\p{P}|"
_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+|"


def _cut(rule: str, other: str) -> str:
    """Return the rules with another in the place of one."""
    if PIECES.count(rule) != 1:
        raise ValueError(rule)
    return PIECES.replace(rule, other)


#: What `wrong_variants` names → the rules it means.
_SPLITS = {
    "no contractions": _cut(_CONTRACTIONS, ""),
    "contractions without (?i)": _cut("(?i:", "(?:"),
    r"\p{P} dropped": _cut(_PUNCTUATION, ""),
    r"\p{P} after letters": _cut(_PUNCTUATION + _LETTERS, _LETTERS + _PUNCTUATION),
    r"\p{P}+ (runs)": _cut(_PUNCTUATION, r"\p{P}+|"),
    r"\p{N}{1,3}": _cut(r"|\p{N}|", r"|\p{N}{1,3}|"),
    "letters without the optional leading symbol": _cut(_LETTERS, r"\p{L}+|"),
    "symbols without the optional leading space": _cut("| ?[", "|["),
    r"no [\r\n]* tail": _cut(r"]+[\r\n]*", "]+"),
    "no rule 6": _cut(r"|\s*[\r\n]+", ""),
    "no rule 7": _cut(r"|\s+(\?!\S)", ""),
    "rule 7 as the usual look-ahead": _cut(r"\s+(\?!\S)", r"\s+(?!\S)"),
    "(?i) without Unicode folding of \N{LATIN SMALL LETTER LONG S}": _cut("(?i:'s|", "'[sS]|(?i:"),
    "ASCII-only letters": _cut(_LETTERS, r"[^\r\nA-Za-z\p{N}]?[A-Za-z]+|"),
    "marks counted as letters": _cut(r"]?\p{L}+", r"]?[\p{L}\p{M}]+"),
}


def compare_tokenizer_mistakes(
    tokenizer: Tokenizer, golden: dict[str, Any]
) -> Iterator[Comparison]:
    """Compare what `wrong_variants` says of the texts and of the prompts beside it."""
    stated = golden.get("wrong_variants", {})
    for name, count in stated.get("texts_whose_ids_change", {}).items():
        ours = sum(ids != case["ids"] for ids, case in _split(tokenizer, name, golden["cases"]))
        yield equal(f"texts, {name}", ours, count)
    prompts = {case["case"]: case for case in golden["prompts"]}
    key = "prompt_texts_whose_ids_change_when_joined_with_the_speaker_tag"
    for name, count in stated.get(key, {}).items():
        yield equal(f"joined texts of {name}", _num_joined(tokenizer, prompts[name]), count)


def _split(
    tokenizer: Tokenizer, name: str, cases: list[dict[str, Any]]
) -> Iterator[tuple[list[int], dict[str, Any]]]:
    right = tokenizer._encoding
    wrong = tiktoken.Encoding(
        "wrong",
        pat_str=_SPLITS[name],
        mergeable_ranks=right._mergeable_ranks,
        special_tokens=right._special_tokens,
    )
    for case in cases:
        yield wrong.encode(case["text"], allowed_special="all"), case


def _num_joined(tokenizer: Tokenizer, case: dict[str, Any]) -> int:
    texts = [case["text"], *(reference["text"] for reference in case["refs"])]
    tag = tokenizer.encode(_TAG)
    return sum(tokenizer.encode(_TAG + text) != tag + tokenizer.encode(text) for text in texts)
