"""How long the codec takes: `python -m loadtest.codec`. Full size, random weights.

Every figure is the best of a number of repeats: on a machine that does other work too, the best is
what the code takes, and the rest is what it was kept waiting.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence

import torch

from engine.pytorch.device import choose_cuda_kernels
from engine.runners.s1.codec import CodecConfig, Decoder, slots_of
from engine.runners.s1.codec.random_weights import RandomWeights
from engine.runners.s1.codec.weights import Weights
from loadtest.arguments import new_file, positive, threads
from loadtest.device import present_device
from loadtest.machine import machine

#: Frames of a call that stands for decoding a whole utterance: 0.74 s. Longer ones take as long a
#: frame, and so does the first frame of a stream: attention goes over the whole ring, seen or not.
_WHOLE_FRAMES = 16
_HEAD = f"{'rows':>5} {'frames':>7} {'ms a frame':>11} {'cpu ms':>8} {'of whole':>9}"
#: (rows, frames a call), the way the server ramps.
_SHAPES = ((1, _WHOLE_FRAMES), (1, 1), (1, 2), (1, 4), (1, 8), (2, 1), (4, 1), (8, 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.codec", description=__doc__)
    parser.add_argument("--device", type=present_device, default="cpu")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--threads", type=threads, default=2, help="of a CPU")
    parser.add_argument("--repeats", type=positive, default=3)
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write everything to FILE")
    flags = parser.parse_args(arguments)
    torch.set_num_threads(flags.threads)
    choose_cuda_kernels()
    decoder = _decoder(flags.device, getattr(torch, flags.dtype))
    title = f"{machine()}; torch {torch.__version__}, {flags.device}, {flags.dtype}"
    print(f"{title}, {flags.threads} threads\n{_HEAD}", flush=True)
    figures: list[dict[str, float]] = []
    for rows, frames in _SHAPES:
        figures.append(_measure(decoder, rows, frames, flags.repeats))
        print(_line(figures[-1], figures[0]), flush=True)
    if flags.json is not None:
        result = {"machine": title, "threads": flags.threads, "figures": figures}
        flags.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _decoder(device: torch.device, dtype: torch.dtype) -> Decoder:
    with torch.inference_mode():
        return Decoder(Weights(RandomWeights(), device, dtype), CodecConfig())


def _measure(decoder: Decoder, rows: int, frames: int, repeats: int) -> dict[str, float]:
    device = decoder.device
    state = decoder.new_state(rows, max(frames, _WHOLE_FRAMES))
    slots = slots_of(list(range(rows)), device)
    codes = torch.randint(0, 1024, (rows, 10, frames), device=device)
    wall_s, cpu_s = [], []
    for _ in range(1 + repeats):  # the first meets memory and kernels it has not used before
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        decoder.decode(codes, slots, state).cpu()
        wall_s.append(time.perf_counter() - began_s)
        cpu_s.append(time.process_time() - began_cpu_s)
    return _figure(rows, frames, wall_s, cpu_s)


def _figure(
    rows: int, frames: int, wall_s: Sequence[float], cpu_s: Sequence[float]
) -> dict[str, float]:
    return {
        "rows": rows,
        "frames": frames,
        "seconds_a_frame": min(wall_s) / (rows * frames),
        "cpu_seconds_a_frame": min(cpu_s) / (rows * frames),
    }


def _line(figure: dict[str, float], whole: dict[str, float]) -> str:
    of_whole = figure["seconds_a_frame"] / whole["seconds_a_frame"]
    return (
        f"{figure['rows']:>5} {figure['frames']:>7} {figure['seconds_a_frame'] * 1e3:>11.1f} "
        f"{figure['cpu_seconds_a_frame'] * 1e3:>8.1f} {of_whole:>9.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
