"""The runner's side of the process that speaks for it."""

import logging
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

import engine
from engine.errors import EngineFailed, ModelUnavailable, UnknownVoice, Unspeakable
from engine.runners.espeak import wire
from engine.steps import Pcm

_log = logging.getLogger(__name__)

#: Nothing of the environment is used but the interpreter: it starts in half the time, and neither
#: the folder nor the variables of who started the server can put other modules before ours.
_INTERPRETER = (sys.executable, "-I", "-S", "-c")
_MAIN = (
    "import sys; sys.path.append(sys.argv[1]); from engine.runners.espeak.zygote import main; "
    "main(*sys.argv[2:])"
)
#: A speaker may have been harmed by a text before this one, or killed from outside. One that has
#: spoken nothing yet has only this text to die of.
_ATTEMPTS = 2
#: As many questions as all clients can have in hand, each some hundred bytes.
_MAX_DEADLY = 1_024
#: It ends within milliseconds, and after a call of the library at most; then it hangs.
_ENDING_S = 2.0


class _Crashed(Exception):
    """The speaker died before it had answered."""


class Child:
    """A process that speaks, and comes back to life when the library kills it."""

    def __init__(self, library_path: str, data_path: str) -> None:
        """Start it, and wait until it has loaded the library.

        Raises:
            ModelUnavailable: the library or its data cannot be used.
        """
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            descriptor = theirs.fileno()
            home = str(Path(engine.__file__).parent.parent)
            self._process = subprocess.Popen(  # noqa: S603 our own interpreter and code
                [*_INTERPRETER, _MAIN, home, str(descriptor), library_path, data_path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                # A terminal's Ctrl-C does not reach it, not even while it starts.
                start_new_session=True,
            )
        self._number = 0
        #: What crashed it lately, oldest first: whoever says it again and again pays nobody's time.
        self._deadly: dict[bytes, None] = {}
        try:
            #: What the library has.
            self.roll = self._greeted()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Return the id of the process from which speakers come."""
        return self._process.pid

    def ask(self, question: wire.Question) -> tuple[Pcm, wire.Report]:
        """Have a piece of text spoken.

        Raises:
            UnknownVoice: the library does not know the voice.
            Unspeakable: the library crashes or hangs when it speaks this.
            EngineFailed: the process is gone, and nothing can be spoken any more.
        """
        encoded = wire.encode(question)
        if encoded not in self._deadly:
            for _ in range(_ATTEMPTS):
                try:
                    return self._attempt(encoded)
                except _Crashed:
                    _log.info("eSpeak NG has crashed")
            self._remember(encoded)
        raise Unspeakable("eSpeak NG cannot speak this text")

    def close(self) -> None:
        """End it, and wait for its end."""
        self._connection.close()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _greeted(self) -> wire.Roll:
        packet = self._connection.recv(wire.MAX_PACKET_BYTES)
        if not packet:
            raise ModelUnavailable("eSpeak NG cannot be loaded: its process has ended")
        kind, _, body = wire.unpack(packet)
        if kind == wire.UNAVAILABLE:
            raise ModelUnavailable(body.decode())
        return wire.decode_roll(body)

    def _attempt(self, encoded: bytes) -> tuple[Pcm, wire.Report]:
        self._number += 1
        pcm = bytearray()
        try:
            self._pass_over_what_came()
            self._connection.send(wire.pack(b"Q", self._number, encoded))
            while True:
                kind, body = self._receive()
                if kind == wire.SPOKEN:
                    return np.frombuffer(bytes(pcm), np.int16), wire.decode_report(body)
                pcm += body
        except ConnectionError as error:
            raise EngineFailed("the process of eSpeak NG has ended") from error

    def _remember(self, deadly: bytes) -> None:
        self._deadly[deadly] = None
        if len(self._deadly) > _MAX_DEADLY:
            del self._deadly[next(iter(self._deadly))]

    def _pass_over_what_came(self) -> None:
        """Leave aside that a speaker died while nobody asked it anything."""
        with suppress(BlockingIOError):
            while self._connection.recv(wire.MAX_PACKET_BYTES, socket.MSG_DONTWAIT):
                pass

    def _receive(self) -> tuple[bytes, bytes]:
        """Return kind and body of the next part of the answer."""
        while packet := self._connection.recv(wire.MAX_PACKET_BYTES):
            kind, number, body = wire.unpack(packet)
            if kind == wire.CRASHED:
                raise _Crashed
            if number != self._number:
                continue
            if kind == wire.UNKNOWN_VOICE:
                raise UnknownVoice(body.decode())
            return kind, body
        raise ConnectionAbortedError
