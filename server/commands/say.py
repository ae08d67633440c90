"""`voxline say`: speak without a server."""

import argparse
import sys
from contextlib import closing
from dataclasses import replace

from engine.cloning import EncodedReference
from engine.request import ServiceClass
from engine.runner import ModelInfo
from engine.speaking import speak
from protocol.messages import Limits, Reference
from server.commands.output import Output
from server.commands.text import read_pieces
from server.models import load_runner
from server.parameters import Parameters, check
from server.setting_sources import read_setting


def say(flags: argparse.Namespace) -> int:
    """Speak `flags.text` to `flags.output`."""
    with closing(load_runner(flags.model)) as runner, Output(flags.output) as output:
        if runner.info.weights_licence is not None:
            print(f"voxline: the weights are {runner.info.weights_licence}", file=sys.stderr)
        parameters = _parameters(flags)
        if parameters.sample_rate is None:
            rate_hz = output.natural_rate(runner.info.sample_rate_hz)
            parameters = replace(parameters, sample_rate=rate_hz)
        speech = check(parameters, runner.info, Limits(), ServiceClass.NOTE)
        if speech.to_clone:
            data_dir = read_setting("data_dir", flags)
            speech = speech.with_voice(_cloned(speech.to_clone, runner.info, data_dir))
        path = speech.audio_path()
        with closing(speak(runner, speech.request, read_pieces(flags.text))) as chunks:
            for chunk in chunks:
                pcm = path.feed(chunk.pcm, segment_end=chunk.segment_end)
                output.write(pcm, speech.sample_rate_hz)
    return 0


def _cloned(
    wanted: tuple[Reference | str, ...], model: ModelInfo, data_dir: str
) -> tuple[EncodedReference, ...]:
    # Here, since nobody else should wait for an event loop to load.
    import anyio

    from server.voices.library import open_library

    library = open_library(data_dir)

    async def clone() -> tuple[EncodedReference, ...]:
        found = [await library.find(each, model) for each in wanted]
        return tuple([await library.clone(each, model) for each in found])

    return anyio.run(clone)


def _parameters(flags: argparse.Namespace) -> Parameters:
    return Parameters(
        voice=flags.voice,
        language=flags.language,
        sample_rate=flags.sample_rate,
        speed=flags.speed,
        pitch=flags.pitch,
        volume_db=flags.volume_db,
    )
