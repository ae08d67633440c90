"""Requests to the application, each with its whole body and its whole answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.types import ASGIApp

from tests.helpers.asgi import calling, http_scope

#: Far longer than an answer takes: only a hang gets there.
ANSWER_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes

    @property
    def fields(self) -> Any:  # noqa: ANN401 whatever it says
        """The JSON of the body."""
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the code of a problem."""
        return self.status, self.fields["code"]


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    fields: Mapping[str, object] | None = None,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask with a JSON object, or without a body."""
    body = b"" if fields is None else json.dumps(fields).encode()
    return await ask_raw(app, method, path, body, "application/json", query=query, headers=headers)


async def ask_raw(
    app: ASGIApp,
    method: str,
    path: str,
    body: bytes,
    media_type: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask with a body of any kind."""
    scope = http_scope(method, path, {"content-type": media_type, **(headers or {})})
    async with calling(app, {**scope, "query_string": query.encode()}) as call:
        call.put(type="http.request", body=body, more_body=False)
        with anyio.fail_after(ANSWER_TIMEOUT_S):
            start, data, more = await call.get(), b"", True
            while more:
                part = await call.get()
                data += part["body"]
                more = part.get("more_body", False)
    return Answer(start["status"], dict(start["headers"]), data)
