"""`voxline serve`: the composition root. Engine thread and web server in one task group."""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from typing import Any

import anyio
from anyio.abc import TaskStatus
from hypercorn.asyncio import serve
from hypercorn.config import Config

from engine.scheduling.limits import SchedulerLimits
from protocol.messages import Limits
from server.app import create_app
from server.engine_thread import EngineThread
from server.models import load_runner
from server.settings import Settings, read_settings
from server.transport.guards import install
from server.transport.listener import BACKLOG, listen

#: The interpreter hands over between engine and event loop this often: ten times the default, so
#: that a busy engine delays a socket by no more than half a millisecond.
SWITCH_INTERVAL_S = 0.0005
#: Pings keep the way through proxies open; they drop silent connections after a minute or so.
PING_INTERVAL_S = 20.0
#: How long open requests may go on once the server was told to stop.
GRACEFUL_TIMEOUT_S = 3.0


def serve_command(flags: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = read_settings(flags)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    install()
    anyio.run(_serve, settings, backend="asyncio", backend_options={"use_uvloop": True})
    return 0


async def _serve(settings: Settings) -> None:
    engine = _engine(settings)
    listener = listen(settings.host, settings.port)
    asyncio.get_running_loop().set_exception_handler(_report)
    stopped = anyio.Event()
    async with anyio.create_task_group() as tasks:
        watching: anyio.CancelScope = await tasks.start(_stop_on_signal, stopped)
        tasks.start_soon(_run_engine, engine, stopped)
        _announce(settings, engine, listener)
        try:
            await _serve_http(settings, engine, listener, stopped)
        finally:
            engine.stop()
            watching.cancel()


def _engine(settings: Settings) -> EngineThread:
    limits = SchedulerLimits(
        num_slots=settings.max_calls + settings.note_floor, note_floor=settings.note_floor
    )
    runner = load_runner(settings.model, tone_step_ms=settings.tone_step_ms)
    return EngineThread(runner, limits, max_calls=settings.max_calls, max_notes=settings.max_notes)


async def _run_engine(engine: EngineThread, stopped: anyio.Event) -> None:
    """Run the engine's thread; its death stops the web server too."""
    try:
        await engine.run()
    finally:
        stopped.set()


async def _serve_http(
    settings: Settings, engine: EngineThread, listener: socket.socket, stopped: anyio.Event
) -> None:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # hypercorn closes it
    config.backlog = BACKLOG
    config.websocket_ping_interval = PING_INTERVAL_S
    config.websocket_max_message_size = Limits().max_message_bytes
    config.graceful_timeout = GRACEFUL_TIMEOUT_S
    config.loglevel = "WARNING"
    if settings.tls_cert:
        config.certfile, config.keyfile = settings.tls_cert, settings.tls_key
        config.alpn_protocols = ["http/1.1"]
    app = create_app(
        engine.client,
        is_alive=lambda: engine.is_alive,
        max_connections=settings.max_connections,
        allowed_origins=settings.origins,
    )
    await serve(app, config, shutdown_trigger=stopped.wait)  # type: ignore[arg-type] # its own ASGI types


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out what Python 3.11 reports for each connection that a shutdown cancels."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def _announce(settings: Settings, engine: EngineThread, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    secure = "s" if settings.tls_cert else ""
    info = engine.client.info
    print(
        f"model   {info.name} on {info.device}, {info.sample_rate_hz} Hz, {len(info.voices)} voices"
    )
    print(f"calls   ws{secure}://{host}:{port}/ws/tts, at most {settings.max_calls}")
    print(f"notes   http{secure}://{host}:{port}/v1/notes, at most {settings.max_notes}")
    print("ready", flush=True)


async def _stop_on_signal(
    stopped: anyio.Event, *, task_status: TaskStatus[anyio.CancelScope]
) -> None:
    with (
        anyio.CancelScope() as scope,
        anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals,
    ):
        task_status.started(scope)
        async for _ in signals:
            stopped.set()
            return
