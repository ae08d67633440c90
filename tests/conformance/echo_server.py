"""`python -m tests.conformance.echo_server serve …`: our server, whose application is an echo.

Listener, guards, settings and event loop are those of `voxline serve`.
"""

import sys
from typing import Any

from hypercorn.config import Config
from starlette.types import ASGIApp, Receive, Scope, Send

from server.__main__ import main
from server.commands import serve


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send back every message, text as text and bytes as bytes."""
    assert scope["type"] == "websocket"
    event = await receive()
    await send({"type": "websocket.accept"})
    while event["type"] != "websocket.disconnect":
        if event["type"] == "websocket.receive":
            content = {key: event[key] for key in ("bytes", "text") if event.get(key) is not None}
            await send({"type": "websocket.send", **content})
        event = await receive()


def _create_app(*_args: Any, **_keywords: Any) -> ASGIApp:  # noqa: ANN401 whatever the real one takes
    return echo


def _without_pings(*arguments: Any) -> Config:  # noqa: ANN401 whatever the real one takes
    """Configure as the server does, but for pings: the cases count every frame that comes."""
    config = _config(*arguments)
    config.websocket_ping_interval = None
    return config


_config = serve._config

if __name__ == "__main__":
    serve.create_app = _create_app  # type: ignore[attr-defined]
    serve._config = _without_pings  # type: ignore[assignment]
    sys.exit(main())
