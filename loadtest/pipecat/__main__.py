"""How soon Pipecat speaks live text, and falls silent: `python -m loadtest.pipecat URL`.

A scripted language model writes twelve words a second into our service, turn after turn; first
audio counts from the word that completed the first segment, as the server's model cuts it. Then it
is interrupted, again and again. Exits with 1 where a bound is missed. Needs
`voxline-client[pipecat]`.
"""

import argparse
import asyncio
import random
import sys

from pipecat.frames.frames import TTSAudioRawFrame

from loadtest.arguments import positive
from loadtest.machine import machine
from loadtest.pipecat.agent import RATE_HZ, Agent, conversing
from loadtest.player import Player
from loadtest.script import Script, script_maker
from loadtest.statistics import Distribution

WORDS_PER_S = 12.0
TURNS, INTERRUPTIONS = 20, 200
#: What a listener does not yet feel as a pause, with the network's part left over.
FIRST_AUDIO_MS = 60.0
#: Less than a piece of the transport, 40 ms: no more than one is played of what was interrupted.
SILENCE_MS = 30.0
#: An interruption comes within so long of first audio: at any moment of a step.
INTERRUPTED_WITHIN_S = 0.2
#: Nothing of an interrupted turn comes later.
STALE_WITHIN_S = 0.1


def main() -> int:
    """Measure, print, and compare with the bounds."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.pipecat", description=__doc__)
    parser.add_argument("url", help="ws://host:port/ws/tts")
    parser.add_argument("--model", default="espeak", help="the server's (default espeak)")
    parser.add_argument("--turns", type=positive, default=TURNS, help=f"({TURNS})")
    parser.add_argument(
        "--interruptions", type=positive, default=INTERRUPTIONS, help=f"({INTERRUPTIONS})"
    )
    flags = parser.parse_args()
    print(machine())
    return 0 if asyncio.run(_measure(flags)) else 1


async def _measure(flags: argparse.Namespace) -> bool:
    rng = random.Random(1)
    make_script = script_maker(WORDS_PER_S, flags.model)
    first_audio, silences = Distribution(), Distribution()
    num_gaps = num_stale = 0
    async with conversing(flags.url) as agent:
        await _speak(agent, make_script(rng))  # the first one loads what others find there
        for _ in range(flags.turns):
            first_s, gaps = await _speak(agent, make_script(rng))
            first_audio.add(first_s)
            num_gaps += gaps
        for _ in range(flags.interruptions):
            silence_s, stale = await _interrupt(agent, make_script(rng), rng)
            silences.add(silence_s)
            num_stale += stale
        num_errors = agent.num_errors
    print(f"gaps: {num_gaps}; audio after an interruption: {num_stale}; errors: {num_errors}")
    met = [
        _report("first audio after the first segment", first_audio, FIRST_AUDIO_MS),
        _report("interruption to silence", silences, SILENCE_MS),
    ]
    return all(met) and not (num_gaps or num_stale or num_errors)


async def _speak(agent: Agent, script: Script) -> tuple[float, int]:
    """Have a turn spoken; return how long its first audio took, and how often it ran dry."""
    after = len(agent.probe.passed)
    complete_s = await agent.write(script)
    arrivals = await agent.spoken(after)
    player = Player(RATE_HZ)
    stalls = [player.deliver(num_samples, at_s) for at_s, num_samples in arrivals]
    # Behind another one, audio would play later than it arrives.
    await agent.heard()
    return arrivals[0][0] - complete_s, sum(stall is not None for stall in stalls)


async def _interrupt(agent: Agent, script: Script, rng: random.Random) -> tuple[float, int]:
    """Interrupt a turn; return how long that took, and how many of its pieces came later."""
    after = len(agent.probe.passed)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(agent.write(script))
        await agent.probe.first(TTSAudioRawFrame, after)
        await asyncio.sleep(rng.uniform(0, INTERRUPTED_WITHIN_S))
        writing.cancel()
    silence_s = await agent.interrupt()
    silent = len(agent.probe.passed)
    await asyncio.sleep(STALE_WITHIN_S)
    return silence_s, len(agent.audio(silent))


def _report(name: str, taken: Distribution, bound_ms: float) -> bool:
    shown = taken.summary()
    print(
        f"{name}: p50 {shown['p50_ms']} ms, p95 {shown['p95_ms']} ms, max {shown['max_ms']} ms"
        f" of {shown['count']}; bound of p95 {bound_ms:g} ms"
    )
    return taken.quantile(0.95) * 1e3 < bound_ms


if __name__ == "__main__":
    sys.exit(main())
