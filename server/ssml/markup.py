"""XML as a tree, within bounds, and without anything that a DTD could say.

Every known attack on a parser of XML (entities that multiply, files and addresses that are read)
needs a DTD, and the beginning of one ends the reading. That takes one handler of the standard
library's expat. defusedxml does the same, and has no bounds on depth, elements or attributes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.parsers import expat

from server.ssml.errors import SsmlError

#: What people and programs write is ten deep at most.
MAX_DEPTH = 32
#: A sentence each, and some more, of the longest text.
MAX_ELEMENTS = 2_000
#: A sentence that is said instead of a few words.
MAX_VALUE_CHARS = 500
#: What is longer is not shown whole.
MAX_SHOWN_CHARS = 40


@dataclass(frozen=True, slots=True)
class Element:
    """An element; its children are elements and the text between them, in order."""

    name: str
    attributes: Mapping[str, str]
    #: "line 1, column 8".
    where: str
    children: "list[Node]" = field(default_factory=list)


Node: TypeAlias = Element | str


def read_markup(markup: str) -> Element:
    """Return the root.

    Raises:
        SsmlError: it is no well-formed XML, has a DTD, or goes beyond a bound.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: reader.start(
        name, attributes, _place(parser.CurrentLineNumber, parser.CurrentColumnNumber)
    )
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = lambda *_: _refuse_dtd(parser)
    try:
        parser.Parse(markup, True)
    except expat.ExpatError as error:
        problem = expat.ErrorString(error.code)
        raise SsmlError(_place(error.lineno, error.offset), f"not XML: {problem}") from error
    except UnicodeEncodeError as error:
        raise SsmlError(_place(1, error.start), "half of a surrogate pair") from error
    finally:
        # They know the parser, which knows them.
        parser.StartElementHandler = parser.StartDoctypeDeclHandler = None
    return reader.root


class _Reader:
    def __init__(self) -> None:
        #: Holds the root.
        self._document = Element("", {}, "")
        self._open = [self._document]
        self._num_elements = 0

    @property
    def root(self) -> Element:
        root = self._document.children[0]
        assert isinstance(root, Element)  # noqa: S101 a document that expat takes has one
        return root

    def start(self, name: str, attributes: Mapping[str, str], where: str) -> None:
        shown = name[:MAX_SHOWN_CHARS]
        self._num_elements += 1
        if len(self._open) > MAX_DEPTH:
            raise SsmlError(where, f"<{shown}> is more than {MAX_DEPTH} elements deep")
        if self._num_elements > MAX_ELEMENTS:
            raise SsmlError(where, f"more than {MAX_ELEMENTS} elements")
        if any(len(text) > MAX_VALUE_CHARS for pair in attributes.items() for text in pair):
            raise SsmlError(where, f"an attribute of <{shown}> is too long: {MAX_VALUE_CHARS}")
        element = Element(shown, attributes, where)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].children.append(text)


def _refuse_dtd(parser: expat.XMLParserType) -> None:
    where = _place(parser.CurrentLineNumber, parser.CurrentColumnNumber)
    raise SsmlError(where, "a DTD is not read, nor are entities of one's own")


def _place(line: int, column: int) -> str:
    """Say a place; expat counts lines from one, and columns from zero."""
    return f"line {line}, column {column + 1}"
