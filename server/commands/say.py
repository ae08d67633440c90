"""`voxline say`: speak without a server."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.request import ServiceClass
from engine.speaking import speak
from engine.steps import Pcm
from protocol.messages import Limits
from server.commands.output import Progress, open_output
from server.models import load_runner
from server.parameters import Parameters, check


def say(flags: argparse.Namespace) -> int:
    """Speak `flags.text` to `flags.output`."""
    text = sys.stdin.read() if flags.text == "-" else flags.text
    runner = load_runner(flags.model)
    speech = check(parameters_of(flags), runner.info, Limits(), ServiceClass.NOTE)
    path = speech.audio_path()

    def pieces() -> Iterator[Pcm]:
        for chunk in speak(runner, speech.request, text):
            yield path.feed(chunk.pcm, segment_end=chunk.segment_end)

    try:
        progress = Progress(speech.sample_rate_hz)
        with open_output(flags.output, speech.sample_rate_hz) as output:
            for pcm in pieces():
                output.write(pcm)
                progress.advance(len(pcm))
        progress.finish(None if flags.output == "-" else Path(flags.output))
    finally:
        runner.close()
    return 0


def parameters_of(flags: argparse.Namespace) -> Parameters:
    """Read the flags that say how to speak."""
    return Parameters(
        voice=flags.voice,
        language=flags.language,
        sample_rate=flags.sample_rate,
        speed=flags.speed,
        pitch=flags.pitch,
        volume_db=flags.volume_db,
    )
