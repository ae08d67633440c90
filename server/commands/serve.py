"""`voxline serve`: the composition root. Engine thread and web server in one task group."""

import argparse
import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress
from typing import Any

import anyio
from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import ASGIApp

from engine.errors import NormalizationMissing
from engine.text.normalization.steps import load as load_rules
from server.app import create_app
from server.audio.errors import CodecsMissing
from server.audio.pyav import load_pyav
from server.commands.engine import make_engine
from server.commands.errors import first_cause
from server.commands.lifetime import CLOSING_S, Lifetime
from server.engine_thread import EngineThread
from server.garbage import collect_when_idle, tame_gc
from server.jobs.desk import Desk
from server.jobs.opening import keeping_notes
from server.keeping import voice_store
from server.logs import log_as_json
from server.loop_load import LoopLoad
from server.metrics import Metrics
from server.service import Service
from server.setting_sources import read_settings
from server.settings import Settings
from server.transport.descriptors import most_connections
from server.transport.guards import install
from server.transport.listener import BACKLOG, listen
from server.voices.aliases import with_aliases
from server.voices.library import VoiceLibrary

#: The interpreter hands over between engine and event loop this often: ten times the default, so
#: that a busy engine delays a socket by no more than half a millisecond.
SWITCH_INTERVAL_S = 0.0005
#: A handshake takes two round trips; a peer that does not finish one holds a descriptor meanwhile.
TLS_HANDSHAKE_TIMEOUT_S = 5.0
#: Longer than `Lifetime` takes to cut off what does not end by itself.
GRACEFUL_TIMEOUT_S = CLOSING_S + 1.0


def serve_command(flags: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    settings = read_settings(flags)
    log_as_json()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        status = anyio.run(
            _serve, settings, backend="asyncio", backend_options={"use_uvloop": True}
        )
    except ExceptionGroup as group:
        raise first_cause(group) from group
    if status:
        # The engine's thread may hang, and the interpreter would wait for it.
        logging.shutdown()
        os._exit(status)
    return status


async def _serve(settings: Settings) -> int:
    with suppress(CodecsMissing):
        load_pyav()  # here, or the first note that needs it would stall everybody
    with suppress(NormalizationMissing):
        load_rules()  # likewise
    metrics = Metrics()
    install(
        most_connections(settings.max_connections, settings.max_notes),
        dropped=metrics.rejected.labels("connections"),
        unread=metrics.unread,
    )
    loop_load = LoopLoad(metrics)
    engine = make_engine(settings, metrics, loop_load.keeps)
    voices = VoiceLibrary(voice_store(settings))
    engine.client.info = await with_aliases(engine.client.info, settings.aliases, voices.store)
    service = Service(engine.client, settings.limits, metrics=metrics, voices=voices)
    listener = listen(settings.host, settings.port)
    asyncio.get_running_loop().set_exception_handler(_report)
    lifetime = Lifetime(service.drain, settings.drain_s)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lifetime.watch_signals)
        tasks.start_soon(lifetime.run_engine, engine)
        tasks.start_soon(loop_load.measure)
        tasks.start_soon(service.timekeeper.run)
        tasks.start_soon(collect_when_idle, lambda: engine.client.is_idle)
        try:
            if await lifetime.is_ready(engine):
                tame_gc()
                # In a task of its own: Python 3.11's TaskGroup, by which hypercorn waits for its
                # end, leaves its task marked as cancelled.
                async with (
                    keeping_notes(settings, service) as desk,
                    anyio.create_task_group() as web,
                ):
                    if not engine.client.failed:
                        _announce(settings, engine, listener)
                    app = _app(settings, engine, service, desk)
                    web.start_soon(_serve_http, app, settings, listener, lifetime)
        finally:
            engine.stop()
            tasks.cancel_scope.cancel()
    return lifetime.status


def _app(settings: Settings, engine: EngineThread, service: Service, desk: Desk | None) -> ASGIApp:
    return create_app(
        service,
        is_alive=lambda: engine.is_alive,
        desk=desk,
        takes_calls=settings.takes_calls,
        max_connections=settings.max_connections,
        allowed_hosts=settings.hosts,
        allowed_origins=settings.origins,
    )


async def _serve_http(
    app: ASGIApp, settings: Settings, listener: socket.socket, lifetime: Lifetime
) -> None:
    await serve(
        app,  # type: ignore[arg-type] # its own ASGI types
        _config(settings, listener),
        shutdown_trigger=lifetime.stopped,
    )


def _config(settings: Settings, listener: socket.socket) -> Config:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # hypercorn closes it
    config.backlog = BACKLOG
    config.websocket_ping_interval = settings.ping_interval_s
    config.websocket_max_message_size = settings.max_message_bytes
    config.graceful_timeout = GRACEFUL_TIMEOUT_S
    config.loglevel = "WARNING"
    if settings.tls_cert:
        config.certfile, config.keyfile = settings.tls_cert, settings.tls_key
        config.ssl_handshake_timeout = TLS_HANDSHAKE_TIMEOUT_S
        config.alpn_protocols = ["http/1.1"]
    return config


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out what Python 3.11 reports for each connection that a shutdown cancels."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def _announce(settings: Settings, engine: EngineThread, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    secure = "s" if settings.tls_cert else ""
    info = engine.client.info
    print(
        f"model   {info.name} on {info.device}, {info.sample_rate_hz} Hz, {len(info.voices)} voices"
    )
    if info.weights_licence is not None:
        print(f"weights {info.weights_licence}")
    print(f"calls   ws{secure}://{host}:{port}/ws/tts, at most {settings.max_calls}")
    print(f"notes   http{secure}://{host}:{port}/v1/notes, at most {settings.max_notes}")
    print(f"kept    {_kept(settings)}")
    print("ready", flush=True)


def _kept(settings: Settings) -> str:
    """Say what becomes of notes that nobody waits for."""
    if settings.data_folder is None:
        return "no note that nobody waits for: data_dir is empty"
    # Not the address, in which there may be a password.
    queue = "Redis" if settings.redis_url else settings.data_folder
    store = f"bucket {settings.s3_bucket}" if settings.s3_bucket else settings.data_folder
    places = f"in {queue}" if queue == store else f"in {queue}, their audio in {store}"
    makers = f"{settings.note_slots} made at once" if settings.makes_notes else "made by others"
    return f"notes that nobody waits for {places}, {makers}"
