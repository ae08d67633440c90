"""What a request demands of the entity tag of its answer (RFC 9110, 13.1)."""

import re

from starlette.datastructures import Headers

#: One of a list. It may hold a comma, but no quote.
_TAG = re.compile(r'(?:^|,)[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)')
_ANY = "*"


def is_wanted(asked: Headers, etag: str) -> bool:
    """Tell whether `If-Match` takes a strong `etag`, as every one is where there is no header."""
    return "if-match" not in asked or not _named(asked, "if-match").isdisjoint({_ANY, etag})


def is_known(asked: Headers, etag: str) -> bool:
    """Tell whether `If-None-Match` names a strong `etag`, or the weak one of the same name."""
    return not _named(asked, "if-none-match").isdisjoint({_ANY, etag, f"W/{etag}"})


def _named(asked: Headers, header: str) -> set[str]:
    value = ",".join(asked.getlist(header))
    return {_ANY} if value.strip() == _ANY else set(_TAG.findall(value))
