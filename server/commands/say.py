"""`voxline say`: speak without a server."""

import argparse
import sys
from contextlib import closing
from dataclasses import replace

from engine.request import ServiceClass
from engine.runner import ModelInfo
from engine.speaking import speak
from protocol.messages import Limits
from server.commands.output import Output
from server.commands.text import read_pieces
from server.models import load_runner
from server.parameters import Parameters, Speech, check
from server.setting_sources import read_keeping


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
        speech = _with_voice(speech, runner.info, flags)
        path = speech.audio_path()
        with closing(speak(runner, speech.request, read_pieces(flags.text))) as chunks:
            for chunk in chunks:
                pcm = path.feed(chunk.pcm, segment_end=chunk.segment_end)
                output.write(pcm, speech.sample_rate_hz)
    return 0


def _with_voice(speech: Speech, model: ModelInfo, flags: argparse.Namespace) -> Speech:
    """Return `speech` with its voice made, where that is the one of a recording."""
    wanted = speech.to_clone
    if not wanted:
        return speech
    # Here, since nobody else should wait for an event loop to load.
    import anyio

    from server.keeping import voice_store
    from server.voices.lexicon import lexicon_of
    from server.voices.library import VoiceLibrary

    library = VoiceLibrary(voice_store(read_keeping(flags)))

    async def with_voice() -> Speech:
        found = [await library.find(each, model) for each in wanted]
        cloned = await library.clone(found, model)
        return speech.with_voice(cloned, lexicon_of(found))

    return anyio.run(with_voice)


def _parameters(flags: argparse.Namespace) -> Parameters:
    return Parameters(
        voice=flags.voice,
        language=flags.language,
        sample_rate=flags.sample_rate,
        speed=flags.speed,
        pitch=flags.pitch,
        volume_db=flags.volume_db,
    )
