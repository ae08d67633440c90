"""What a step of S1 takes, and where: `python -m loadtest.engine`. Full size, random weights.

Every figure is the best of a number of repeats: on a machine that does other work too, the best is
what the code takes.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from engine.errors import EngineError
from engine.pytorch.device import choose_cuda_kernels
from engine.runners.s1.build import fastest_dtype
from engine.runners.s1.capture import Capture, CudaGraphs
from engine.runners.s1.model import S1Model, load_model
from engine.runners.s1.random_model import random_model
from engine.voices import DEFAULT_VOICE
from loadtest.arguments import new_file, positive, positive_real, row_counts, threads
from loadtest.device import present_device
from loadtest.machine import machine
from loadtest.roofline import Ceiling
from loadtest.stages import STAGES
from loadtest.step_bench import Figure, StepBench
from loadtest.yardsticks import measured

RANDOM = "random-s1-mini"

_STAGE_COLUMNS = tuple(f"{stage}_ms" for stage in STAGES)
_WHOLE = ("frames_per_s", "audio_s_per_s", "ms_per_frame")
_COLUMNS = ("batch", *_WHOLE, *_STAGE_COLUMNS, "bound_ms")
_HEAD = "  ".join(f"{column:>13}" for column in _COLUMNS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    flags = _flags(arguments)
    torch.set_num_threads(flags.threads)
    choose_cuda_kernels()
    device: torch.device = flags.device
    dtype = getattr(torch, flags.dtype) if flags.dtype else fastest_dtype(device)
    title = f"{machine()}; torch {torch.__version__}, {device}, {dtype}, {flags.threads} threads"
    print(title, flush=True)
    try:
        model = _model(flags.model, device, dtype)
        ceiling = _ceiling(flags, device, dtype)
        make = partial(
            StepBench,
            model,
            ceiling,
            max_batch=max(flags.batch),
            chunk=flags.chunk,
            context=flags.context,
        )
        capture = None if device.type == "cpu" else CudaGraphs(device)
        result = report(make, capture, ceiling, flags.batch, flags.repeats)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    if flags.json is not None:
        setting = {"machine": title, "chunk": flags.chunk, "context": flags.context}
        flags.json.write_text(json.dumps(setting | result, indent=2) + "\n", encoding="utf-8")
    return 0


def report(
    make: Callable[..., StepBench],
    capture: Capture | None,
    ceiling: Ceiling,
    batches: Sequence[int],
    repeats: int,
) -> dict[str, object]:
    """Print and return first audio, a line for each batch, and how the bounds come about.

    What `capture` recorded has no stages to time. They are those of another bench, which goes
    first; launched one by one, they take longer than the whole.
    """
    stages: dict[int, Figure] = {}
    if capture is not None:
        staged = make()
        stages = {batch: staged.measure(batch, repeats) for batch in batches}
        # There may be no memory for the caches of both.
        del staged
    bench = make(capture=capture)
    # The first of all meets memory and kernels that were not used before.
    bench.first_audio_s(DEFAULT_VOICE)
    # The second one finds the voice's keys and values in the cache.
    new_s, cached_s = bench.first_audio_s(), bench.first_audio_s()
    print(f"first audio {new_s:.3f} s, with the voice in the cache {cached_s:.3f} s\n{_HEAD}")
    figures = []
    for batch in batches:
        whole = bench.measure(batch, repeats)
        figures.append(stages.get(batch, whole) | {column: whole[column] for column in _WHOLE})
        print("  ".join(f"{figures[-1][column]:>13.1f}" for column in _COLUMNS), flush=True)
    bounds = {batch: bench.bounds(batch) for batch in batches}
    for batch in dict.fromkeys((batches[0], batches[-1])):
        _explain(batch, bounds[batch], ceiling)
    streams = _num_streams(figures)
    memory = bench.memory_mib()
    print(f"streams in real time: {streams}")
    print("memory at most:", ", ".join(f"{name} {size:.0f}" for name, size in memory.items()))
    return {
        "first_audio_s": new_s,
        "first_audio_cached_s": cached_s,
        "batches": figures,
        "streams_in_real_time": streams,
        "bytes_per_s": ceiling.bytes_per_s,
        "flops_per_s": ceiling.flops_per_s,
        "bounds": bounds,
        "memory": memory,
    }


def _flags(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.engine", description=__doc__)
    parser.add_argument("--model", default=RANDOM, help=f"{RANDOM}, or a checkpoint folder")
    parser.add_argument("--device", type=present_device, default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="default: the faster one")
    parser.add_argument(
        "--batch", type=row_counts, default="1,2,4,8,16", help="rows, comma-separated"
    )
    parser.add_argument("--chunk", type=positive, default=4, help="frames of a row in a step")
    parser.add_argument("--context", type=positive, default=300, help="tokens of voice and text")
    parser.add_argument("--threads", type=threads, default=2, help="of a CPU")
    parser.add_argument("--repeats", type=positive, default=3)
    parser.add_argument("--bandwidth-gb-s", type=positive_real, help="default: measured, by a copy")
    parser.add_argument(
        "--tflops", type=positive_real, help="default: measured, by a matrix product"
    )
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write everything to FILE")
    return parser.parse_args(arguments)


def _ceiling(flags: argparse.Namespace, device: torch.device, dtype: torch.dtype) -> Ceiling:
    if flags.bandwidth_gb_s and flags.tflops:
        return Ceiling(flags.bandwidth_gb_s * 1e9, flags.tflops * 1e12)
    found = measured(device, dtype)
    return Ceiling(
        flags.bandwidth_gb_s * 1e9 if flags.bandwidth_gb_s else found.bytes_per_s,
        flags.tflops * 1e12 if flags.tflops else found.flops_per_s,
    )


def _model(name: str, device: torch.device, dtype: torch.dtype) -> S1Model:
    if name == RANDOM:
        return random_model(device, dtype)
    return load_model(Path(name), device=device, dtype=dtype)


def _num_streams(figures: Sequence[Figure]) -> int:
    """Return the largest batch of which every row is made as fast as it is heard."""
    kept = (int(each["batch"]) for each in figures if each["audio_s_per_s"] >= each["batch"])
    return max(kept, default=0)


def _explain(batch: int, bounds: dict[str, Figure], ceiling: Ceiling) -> None:
    print(
        f"bounds of a frame of {batch} rows, at {ceiling.bytes_per_s / 1e9:.1f} GB/s and "
        f"{ceiling.flops_per_s / 1e12:.3f} TFLOP/s:"
    )
    for stage, each in bounds.items():
        print(
            f"  {stage:5}  {each['num_weights'] / 1e6:.1f} M weights and "
            f"{each['num_cached'] / 1e6:.1f} M cached numbers are {each['bytes'] / 1e9:.3f} GB: "
            f"{each['bytes_ms']:.2f} ms;  2 x {each['num_products'] / 1e6:.1f} M products are "
            f"{each['flops'] / 1e9:.2f} GFLOP: {each['flops_ms']:.2f} ms"
        )


if __name__ == "__main__":
    sys.exit(main())
