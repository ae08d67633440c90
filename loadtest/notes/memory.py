"""What two hours of speech cost in memory: `python -m loadtest.notes.memory`.

A note of ten seconds and one of two hours, each made by a server that was just started. Exits with
1 where the peak of the second is more than 100 MB above that of the first.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import anyio

from loadtest.arguments import positive_real
from loadtest.notes.fleet import Fleet
from loadtest.notes.listing import all_notes, asking, drained
from loadtest.notes.verdict import Account, Figure, keep_in
from loadtest.process import peak_bytes
from loadtest.texts import long_text

#: English is heard at about 15 characters a second.
_CHARS_PER_S = 15
SHORT_S, LONG_S = 10.0, 7_400.0
#: The long note's above the short one's.
BOUND_MB = 100.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the bound."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.notes.memory", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=positive_real, default=LONG_S, help=f"of the long note ({LONG_S:g})")
    add("--format", default="mp3", help="of both notes (mp3)")
    keep_in(parser)
    flags = parser.parse_args(arguments)
    account = Account("memory", flags)
    short_mb = anyio.run(_peak_mb, SHORT_S, flags.format)
    long_mb = anyio.run(_peak_mb, flags.seconds, flags.format)
    return account.close(
        [
            Figure("peak of ten seconds, MB", short_mb),
            Figure("peak of the long note, MB", long_mb),
            Figure("more for the long note, MB", long_mb - short_mb, most=BOUND_MB),
        ]
    )


async def _peak_mb(seconds: float, audio_format: str) -> float:
    text = long_text(round(seconds * _CHARS_PER_S))
    with tempfile.TemporaryDirectory() as name:
        async with Fleet(Path(name), ()) as fleet:
            server = await fleet.start("server")
            async with asking(server.server.http_url) as client:
                note = {"text": text, "format": audio_format}
                headers = {"Prefer": "respond-async"}
                (await client.post("/v1/notes", json=note, headers=headers)).raise_for_status()
                await drained(client)
                (shown,) = (await all_notes(client)).values()
                if shown["state"] != "stored":
                    raise RuntimeError(f"the note was not made: {shown}")
            return peak_bytes(server.pid) / 1e6


if __name__ == "__main__":
    sys.exit(main())
