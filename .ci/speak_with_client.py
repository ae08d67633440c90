# ruff: noqa: INP001 a script of CI, in no package
"""Speaks one sentence with the client's own wheel: URL of the socket, file for the WAV."""

import sys
import wave

from voxline_client.client import connect_sync
from voxline_client.messages import Audio


def main(url: str, target: str) -> None:
    """Speak through the server at `url`."""
    with connect_sync(url) as connection, wave.open(target, "wb") as file:
        file.setparams((1, 2, connection.ready.sample_rate, 0, "NONE", ""))
        for event in connection.speak("The client speaks from its own wheel."):
            if isinstance(event, Audio):
                file.writeframesraw(event.pcm)


if __name__ == "__main__":
    main(*sys.argv[1:])
