"""Which voices `GET /model` lists: its filters, and a page of what they leave."""

from collections.abc import Iterable
from typing import Any

from starlette.datastructures import QueryParams

from protocol.codes import ErrorCode
from server.dialects.fish.voice_answer import OWNER
from server.errors import RequestError

#: As many as may be stored: a page of it is one look at the store, and half a megabyte.
MAX_PAGE_SIZE = 1_000
_PAGE_SIZE = 10
_TRUE = ("true", "1")


def page(voices: Iterable[dict[str, Any]], query: QueryParams) -> dict[str, Any]:
    """Return how many there are that are wanted, and a page of them.

    `title_language` is passed over: nobody here knows the language of a title. Nothing is counted,
    so that by `task_count` all are equal, and keep their order.

    Raises:
        RequestError: `bad_value`.
    """
    size = _count(query, "page_size", _PAGE_SIZE)
    if size > MAX_PAGE_SIZE:
        raise RequestError(ErrorCode.BAD_VALUE, f"page_size must be 1 to {MAX_PAGE_SIZE}")
    begin = (_count(query, "page_number", 1) - 1) * size
    wanted = [voice for voice in voices if _is_wanted(voice, query)]
    if query.get("sort_by") == "created_at":
        wanted.sort(key=lambda voice: str(voice["created_at"]), reverse=True)
    return {"total": len(wanted), "items": wanted[begin : begin + size]}


def _is_wanted(voice: dict[str, Any], query: QueryParams) -> bool:
    author = voice["author"]["_id"]
    languages = query.getlist("language")
    return (
        query.get("title", "").casefold() in voice["title"].casefold()
        and set(query.getlist("tag")) <= set(voice["tags"])
        and (not languages or any(_speaks(voice, language) for language in languages))
        and query.get("author_id", author) == author
        and (query.get("self", "").lower() not in _TRUE or author == OWNER)
    )


def _speaks(voice: dict[str, Any], language: str) -> bool:
    """Tell whether it speaks it, or a variety of it: `en` is spoken by who speaks `en-US`."""
    wanted = language.lower()
    spoken = (each.lower() for each in voice["languages"])
    return any(each == wanted or each.startswith(f"{wanted}-") for each in spoken)


def _count(query: QueryParams, name: str, default: int) -> int:
    value = query.get(name, str(default))
    try:
        count = int(value)
    except ValueError:
        count = 0
    if count < 1:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} must be an integer from 1 on")
    return count
