"""What a request asks of its text, and the rules of languages, loaded before they are needed."""

from collections.abc import Mapping
from contextlib import suppress

from anyio import to_thread

from engine.errors import NormalizationMissing
from engine.text.normalization.steps import load, normalization
from engine.text.rules import TextRules
from protocol.codes import ErrorCode
from server.errors import RequestError


async def load_rules() -> None:
    """Load the rules of all languages, once: half a second that would hold up everybody else.

    Where their libraries are missing, `text_rules` says so.
    """
    with suppress(NormalizationMissing):
        await to_thread.run_sync(load)


def text_rules(
    lexicon: Mapping[str, str] | None, *, normalizes: bool, language: str
) -> TextRules | None:
    """Return what to ask of the engine; None where all text is said as it is written.

    Raises:
        RequestError: `unsupported`, where a library that writes text out is not installed.
    """
    if not normalizes and not lexicon:
        return None
    try:
        if normalizes:
            normalization(language)
    except NormalizationMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
    return TextRules(
        lexicon=tuple((lexicon or {}).items()), normalizes=normalizes, language=language
    )
