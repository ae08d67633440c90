"""Who may ask: programs, and the pages that the settings name.

A browser lets any page speak to any server, and says in `Origin` where the page is from; but not in
a GET to what it takes for the page's own server. That may be this one: an attacker's name can be
made to resolve to it. So the name in `Host` is looked at, too.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.problems import problem

_ANY = "*"
#: What a page's URL begins with that a request of each scheme may come from.
_PAGES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


class CallerCheck:
    """Refuses names that are not this server's, and pages of other origins.

    An address is no name that anybody can make resolve to somewhere else, so it passes; so does
    `localhost`. Programs send no `Origin`. A page passes when its origin is allowed, or when it
    comes from this very server, by address or by one of the names.
    """

    def __init__(
        self, app: ASGIApp, allowed_hosts: tuple[str, ...], allowed_origins: tuple[str, ...]
    ) -> None:
        self._app = app
        self._hosts = frozenset(allowed_hosts)
        self._origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection, or refuse it with 403."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem(403, "unauthorized", refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        # Only HTTP/1.0 may leave it out, which no browser speaks.
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and _ANY not in self._hosts and not self._is_ours(host):
            return "this server has no such name; --allowed-hosts gives it one"
        if origin is not None and not self._may_connect(origin, scope["scheme"], host or ""):
            return "pages of this origin may not connect"
        return None

    def _may_connect(self, origin: str, scheme: str, host: str) -> bool:
        if _ANY in self._origins or origin in self._origins:
            return True
        return origin == f"{_PAGES[scheme]}://{host}" and self._is_ours(host)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name == "localhost" or name in self._hosts or bool(ip_address(name))
        except ValueError:
            return False
