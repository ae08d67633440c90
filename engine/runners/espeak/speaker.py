"""The process that speaks: forked from the `zygote`, asked over a socket, dead when it crashes."""

import os
import signal
import socket

from engine.errors import UnknownVoice
from engine.runners.espeak import wire
from engine.runners.espeak.library import Library
from engine.runners.espeak.take import Take

#: The longest burst takes 31 ms. A library that hangs in a text is as good as crashed, and a second
#: attempt has to end before the engine's watchdog bites.
CALL_LIMIT_S = 1.0


def answer_all(library: Library, connection: socket.socket) -> None:
    """Answer every question until the other side is gone."""
    # The C library says of a crash what the runner logs in its own way.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        while packet := connection.recv(wire.MAX_PACKET_BYTES):
            _, number, body = wire.unpack(packet)
            for kind, part in _answer(library, wire.decode_question(body)):
                connection.send(wire.pack(kind, number, part))
    except ConnectionError:
        return


def _answer(library: Library, question: wire.Question) -> list[tuple[bytes, bytes]]:
    take = Take(question.words, must_end=question.must_end)
    # Its default action ends the process, however deep in the library it is.
    signal.setitimer(signal.ITIMER_REAL, CALL_LIMIT_S)
    try:
        library.configure(*question.manner)
    except UnknownVoice as error:
        return [(wire.UNKNOWN_VOICE, str(error).encode())]
    else:
        library.speak(question.text, end_pause=question.end_pause, listener=take.hear)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    begins = range(0, len(take.pcm), wire.MAX_BODY_BYTES)
    sound = [(wire.SOUND, bytes(take.pcm[at : at + wire.MAX_BODY_BYTES])) for at in begins]
    return [*sound, (wire.SPOKEN, wire.encode(take.report))]
