"""From markup to parts: the elements that are understood, and what each of them means."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from server.ssml.errors import SsmlError
from server.ssml.markup import MAX_SHOWN_CHARS, Element, read_markup
from server.ssml.parts import Document, Part, Prosody, SayAs, Words
from server.ssml.values import duration_s, pitch, rate, strength_s, volume_db

#: All silence of a document: some bytes of markup may not make an hour of file.
MAX_PAUSES_S = 300.0
#: A page has no longer number or word.
MAX_SAY_AS_CHARS = 200

_SPEAK = ("version", "xmlns", "xml:lang", "xmlns:xsi", "xsi:schemaLocation")
_T = TypeVar("_T")


def read_ssml(ssml: str) -> Document:
    """Return what a document says.

    Raises:
        SsmlError: it is no SSML of this subset, or has nothing to speak.
    """
    root = read_markup(ssml)
    if root.name != "speak":
        raise SsmlError(root.where, f"the root must be <speak>, not <{root.name}>")
    _check_attributes(root, *_SPEAK)
    script = _Script()
    script.read(root, Prosody())
    return Document(script.parts(root.where), root.attributes.get("xml:lang"))


class _Script:
    """Gathers parts. A break, a paragraph, a sentence and prosody each end the part before."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._words: list[Words] = []
        self._pauses_s = 0.0

    def parts(self, where: str) -> tuple[Part, ...]:
        """Return what was gathered; `where` the document begins."""
        if not any(part.words for part in self._parts):
            raise SsmlError(where, "nothing to speak")
        return tuple(self._parts)

    def read(self, element: Element, prosody: Prosody) -> None:
        """Take what is in an element, spoken with `prosody`."""
        for child in element.children:
            if isinstance(child, str):
                self._words.append(child)
                continue
            if child.name not in _READERS:
                known = ", ".join(_READERS)
                raise SsmlError(child.where, f"<{child.name}> is none of {known}")
            _READERS[child.name](self, child, prosody)
        self._cut(prosody, element.where)

    def passage(self, element: Element, prosody: Prosody) -> None:
        """Take a paragraph or a sentence."""
        _check_attributes(element)
        self._cut(prosody, element.where)
        self.read(element, prosody)

    def prosody(self, element: Element, outer: Prosody) -> None:
        """Take what is spoken otherwise than what is around it."""
        _check_attributes(element, "rate", "pitch", "volume")
        self._cut(outer, element.where)
        inner = Prosody(
            _prosodic(element, "rate", rate, outer.speed),
            _prosodic(element, "pitch", pitch, outer.pitch),
            _prosodic(element, "volume", volume_db, outer.volume_db),
        )
        self.read(element, inner)

    def pause(self, element: Element, prosody: Prosody) -> None:
        """Take a break."""
        _check_attributes(element, "time", "strength")
        if element.children:
            raise SsmlError(element.where, "<break> must be empty")
        strength = _attribute(element, "strength", strength_s)
        time = _attribute(element, "time", duration_s)
        pause_s = strength_s("medium") if strength is None else strength
        self._be_silent(pause_s if time is None else time, prosody, element.where)

    def say_as(self, element: Element, _: Prosody) -> None:
        """Take what is said by the rules of a language."""
        _check_attributes(element, "interpret-as", "format")
        text = _text(element).strip()
        if len(text) > MAX_SAY_AS_CHARS:
            raise SsmlError(element.where, f"<say-as> has more than {MAX_SAY_AS_CHARS} characters")
        meant = _needed(element, "interpret-as")
        self._words.append(SayAs(text, meant, element.attributes.get("format"), element.where))

    def sub(self, element: Element, _: Prosody) -> None:
        """Take what is said instead of a text."""
        _check_attributes(element, "alias")
        _text(element)
        self._words.append(_needed(element, "alias"))

    def _be_silent(self, seconds: float, prosody: Prosody, where: str) -> None:
        if not seconds:
            return
        self._pauses_s += seconds
        if self._pauses_s > MAX_PAUSES_S:
            raise SsmlError(where, f"all breaks together last more than {MAX_PAUSES_S:g}s")
        self._cut(prosody, where)
        before = self._parts.pop() if self._parts else Part((), prosody, where)
        self._parts.append(replace(before, pause_s=before.pause_s + seconds))

    def _cut(self, prosody: Prosody, where: str) -> None:
        if any(isinstance(words, SayAs) or words.strip() for words in self._words):
            self._parts.append(Part(tuple(self._words), prosody, where))
        self._words.clear()


_READERS: Mapping[str, Callable[[_Script, Element, Prosody], None]] = {
    "break": _Script.pause,
    "p": _Script.passage,
    "prosody": _Script.prosody,
    "s": _Script.passage,
    "say-as": _Script.say_as,
    "sub": _Script.sub,
}


def _check_attributes(element: Element, *known: str) -> None:
    for name in element.attributes:
        if name not in known:
            raise SsmlError(element.where, f"<{element.name}> cannot have {name[:MAX_SHOWN_CHARS]}")


def _attribute(element: Element, name: str, read: Callable[[str], _T]) -> _T | None:
    value = element.attributes.get(name)
    if value is None:
        return None
    try:
        return read(value.strip())
    except ValueError as error:
        raise SsmlError(element.where, f"{name} of <{element.name}> {error}") from error


def _prosodic(
    element: Element, name: str, read: Callable[[str, float], float], outer: float
) -> float:
    value = _attribute(element, name, lambda text: read(text, outer))
    return outer if value is None else value


def _needed(element: Element, name: str) -> str:
    value = element.attributes.get(name, "").strip()
    if not value:
        raise SsmlError(element.where, f"<{element.name}> needs {name}")
    return value


def _text(element: Element) -> str:
    for child in element.children:
        if not isinstance(child, str):
            raise SsmlError(child.where, f"<{element.name}> has text alone, not <{child.name}>")
    return "".join(child for child in element.children if isinstance(child, str))
