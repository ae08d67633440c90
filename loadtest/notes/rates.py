"""How many notes are accepted and made in a second: `python -m loadtest.notes.rates`.

First embedded, then with Redis and S3: a server accepts them by batches over HTTP, and when all are
accepted they are made. Everything shares the cores of this process. Exits with 1 where a bound is
missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from loadtest.arguments import positive
from loadtest.notes import stores
from loadtest.notes.batches import Submission
from loadtest.notes.fleet import MAKES, TAKES, Fleet
from loadtest.notes.listing import all_notes, asking, drained, made_a_second
from loadtest.notes.places import redis_at, run_name
from loadtest.notes.verdict import Account, Figure, keep_in

NOTES = 20_000
WORKERS = 2
#: Notes that a second brings, with all that it takes to keep them.
EMBEDDED_ACCEPTED, SHARED_ACCEPTED, SHARED_DRAINED = 10_000, 3_000, 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the bounds."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.notes.rates", description=__doc__)
    parser.add_argument("--notes", type=positive, default=NOTES, help=f"of each ({NOTES})")
    parser.add_argument(
        "--workers", type=positive, default=WORKERS, help=f"with Redis and S3 ({WORKERS})"
    )
    parser.add_argument("--store", default="rgw", help=f"{stores.HELP} (rgw)")
    keep_in(parser)
    flags = parser.parse_args(arguments)
    account = Account("rates", flags)
    figures = anyio.run(_embedded, flags.notes)
    figures += anyio.run(_shared, flags.notes, flags.workers, flags.store)
    return account.close(figures)


async def _embedded(num_notes: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flags = ("--data-dir", str(folder / "data"))
        async with Fleet(folder, flags) as fleet:
            url = (await fleet.start("taker", *TAKES)).server.http_url
            accepted = await _accepted(url, num_notes)
        # One process at a time has the folder.
        async with Fleet(folder, flags) as fleet:
            made = await _made((await fleet.start("maker")).server.http_url)
    return [
        Figure("embedded, accepted a second", accepted, least=EMBEDDED_ACCEPTED),
        Figure("embedded, made a second", made),
    ]


async def _shared(num_notes: int, num_workers: int, store_name: str) -> list[Figure]:
    run = run_name()
    with (
        tempfile.TemporaryDirectory() as name,
        redis_at(Path(name)) as redis,
        stores.opened(store_name, run) as store,
    ):
        folder = Path(name)
        flags = ("--redis-url", redis.url, *store.flags(store.buckets.endpoint_url))
        async with Fleet(folder, flags) as fleet:
            url = (await fleet.start("taker", *TAKES)).server.http_url
            accepted = await _accepted(url, num_notes)
            for number in range(num_workers):
                await fleet.start(f"maker-{number}", *MAKES)
            made = await _made(url)
    return [
        Figure("Redis and S3, accepted a second", accepted, least=SHARED_ACCEPTED),
        Figure("Redis and S3, made a second", made, least=SHARED_DRAINED),
    ]


async def _accepted(url: str, num_notes: int) -> float:
    submission = Submission(run_name(), num_notes)
    async with asking(url) as client:
        began_s = time.monotonic()
        await submission.run(client)
    return num_notes / (time.monotonic() - began_s)


async def _made(url: str) -> float:
    async with asking(url) as client:
        await drained(client)
        return made_a_second(await all_notes(client))


if __name__ == "__main__":
    sys.exit(main())
