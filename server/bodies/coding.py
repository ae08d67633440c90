"""Bodies come as they are: none is compressed (RFC 9110, 8.4)."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.problems import problem

_NONE = frozenset({"", "identity"})


class CodingCheck:
    """Refuses bodies with a content coding. What one becomes has no bound that is known before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 415."""
        if scope["type"] == "lifespan" or _codings(scope) <= _NONE:
            await self._app(scope, receive, send)
            return
        refusal = problem(
            415,
            "unsupported_media_type",
            "the body must come as it is, without a Content-Encoding",
            {"Accept-Encoding": "identity"},
        )
        await refusal(scope, receive, send)


def _codings(scope: Scope) -> set[str]:
    value = ",".join(Headers(scope=scope).getlist("content-encoding"))
    return {coding.strip().lower() for coding in value.split(",")}
