"""The process from which speakers come: it has the library loaded, and never speaks.

eSpeak NG writes beyond its buffers for some characters in some languages, so no process may speak
that must live on. The zygote forks a speaker and waits for it. One that crashed is told of and
followed by another at once: a fork takes a millisecond, loading the library fifty.
"""

import ctypes
import os
import signal
import socket
from contextlib import suppress

from engine.errors import ModelUnavailable
from engine.runners.espeak import wire
from engine.runners.espeak.library import Library
from engine.runners.espeak.speaker import answer_all

_PR_SET_DUMPABLE = 4


def main(descriptor: str, library_path: str, data_path: str) -> None:
    """Serve the socket `descriptor` until its other side is closed."""
    _settle()
    with socket.socket(fileno=int(descriptor)) as connection:
        try:
            library = Library(library_path, data_path)
        except ModelUnavailable as error:
            connection.send(wire.pack(wire.UNAVAILABLE, body=str(error).encode()))
            return
        connection.send(wire.pack(wire.READY, body=wire.encode(_roll(library))))
        # The runner may be gone when its speaker crashes.
        with suppress(ConnectionError):
            while not _speaker_ended_well(library, connection):
                connection.send(wire.pack(wire.CRASHED))
    # The runner waits for it, and an interpreter takes 10 ms to put away what nobody needs.
    os._exit(0)


def _settle() -> None:
    """Be a process whose end is the runner's to say, and nobody else's."""
    # Ctrl-C and a service manager reach every process of a server that may still have to speak.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Whoever started the runner may have left these otherwise, and a process inherits them.
    for number in (signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # A dump of a crash takes its time, and holds the text.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _roll(library: Library) -> wire.Roll:
    return wire.Roll(library.voices(), library.voices("variant"), library.is_reproducible)


def _speaker_ended_well(library: Library, connection: socket.socket) -> bool:
    speaker = os.fork()
    if speaker == 0:
        status = 1
        try:
            answer_all(library, connection)
            status = 0
        finally:
            # What was raised is not printed: it may hold the text.
            os._exit(status)
    return os.waitpid(speaker, 0)[1] == 0
