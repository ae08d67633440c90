"""Users for Locust: `locust -f loadtest/locustfile.py --host http://127.0.0.1:8080`.

A user begins its next turn when the last has ended, so a slow server is asked less often: this
shows what a mixture of users does to a server, and `loadtest.openloop` how late it is.
"""

import random
import time
from http import HTTPStatus

from locust import FastHttpUser, User, between, task

from loadtest.blocking_call import BlockingCall, CallFailed
from loadtest.listening import TurnTimes
from loadtest.texts import turn_text
from protocol.errors import RemoteProtocolError

#: A voice agent is talked over about so often.
INTERRUPTED_SHARE = 0.3
#: And so long after it has begun to speak, in seconds.
INTERRUPTED_AFTER_S = (0.3, 3.0)
#: Every read of a note takes at most so much: a few milliseconds of speech.
READ_BYTES = 1_024
_RNG = random.Random(1)


class Reporting(User):
    """Fires what Locust does not time by itself."""

    abstract = True

    def report(
        self, kind: str, name: str, seconds: float, size: int = 0, error: Exception | None = None
    ) -> None:
        """Count one event of its own name; an `error` makes it a failure."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=seconds * 1e3,
            response_length=size,
            exception=error,
            context={},
        )


class NoteUser(Reporting, FastHttpUser):
    """Has notes made, and reads each while it is made."""

    weight = 1
    wait_time = between(0.5, 2.0)

    @task
    def note(self) -> None:
        """Ask for PCM, whose first bytes are audio: a header would come too early to count."""
        body = {"text": turn_text(_RNG), "format": "pcm"}
        began_s = time.monotonic()
        with self.client.post(
            "/v1/notes", json=body, stream=True, catch_response=True, name="headers"
        ) as response:
            if response.status_code != HTTPStatus.OK:
                response.failure(f"status {response.status_code}")
                return
            size = 0
            for piece in response.iter_content(READ_BYTES, decode_content=False):
                if not size:
                    self.report("note", "first audio", time.monotonic() - began_s)
                size += len(piece)
            error = None if size else CallFailed("silent")
            self.report("note", "whole", time.monotonic() - began_s, size, error)


class CallUser(Reporting):
    """Calls, and has turn after turn spoken; now and then it talks over one."""

    weight = 4
    wait_time = between(0.2, 1.0)

    def on_start(self) -> None:
        """Connect."""
        self._call = BlockingCall(f"{str(self.host).replace('http', 'ws', 1)}/ws/tts")

    def on_stop(self) -> None:
        """Leave."""
        self._call.close()

    @task
    def turn(self) -> None:
        """Have one text spoken."""
        interrupted = _RNG.random() < INTERRUPTED_SHARE
        after_s = _RNG.uniform(*INTERRUPTED_AFTER_S) if interrupted else float("inf")
        began_s = time.monotonic()
        try:
            times = self._call.speak(turn_text(_RNG), after_s)
        except (CallFailed, RemoteProtocolError, OSError) as error:
            self.report("call", "turn", time.monotonic() - began_s, error=error)
        else:
            self._report_turn(times, time.monotonic() - began_s)

    def _report_turn(self, times: TurnTimes, turn_s: float) -> None:
        if times.first_audio_s is not None:
            self.report("call", "first audio", times.first_audio_s)
        if times.cancelled_s is not None:
            self.report("call", "cancel to cancelled", times.cancelled_s)
        error = CallFailed(f"{times.underruns} underruns") if times.underruns else None
        self.report("call", "turn", turn_s, times.pcm_bytes, error)
