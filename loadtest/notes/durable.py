"""Fifty thousand notes through every trouble: `python -m loadtest.notes.durable`.

A server accepts them, others make them, with Redis and S3. Meanwhile a maker is killed, another
sleeps past its lease, Redis is killed and comes again on its append-only file, and S3 fails in four
ways. Exits with 1 where a note is lost, or has landed twice.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from loadtest.arguments import positive, positive_real
from loadtest.metrics import MetricsReader, metrics_url
from loadtest.notes import stores
from loadtest.notes.batches import Submission
from loadtest.notes.evidence import Evidence
from loadtest.notes.fleet import MAKES, TAKES, Fleet
from loadtest.notes.listing import Shown, all_notes, asking, drained
from loadtest.notes.places import redis_at, run_name
from loadtest.notes.stores import Store
from loadtest.notes.troubles import Troubles
from loadtest.notes.verdict import Account, Figure, keep_in
from tests.helpers.fault_proxy import fault_proxy
from tests.helpers.serving import ServerProcess

NOTES, WORKERS = 50_000, 4
#: Shorter than a server's own, so that it is outslept within the run.
LEASE_S = 10.0
TROUBLE_S = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do all of it, print what became of the notes, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.notes.durable", description=__doc__)
    add = parser.add_argument
    add("--notes", type=positive, default=NOTES, help=f"how many ({NOTES})")
    add("--workers", type=positive, default=WORKERS, help=f"servers that make them ({WORKERS})")
    add("--store", default="rgw", help=f"{stores.HELP} (rgw)")
    add(
        "--lease-s",
        type=positive_real,
        default=LEASE_S,
        help=f"of a server that makes them ({LEASE_S:g})",
    )
    add(
        "--trouble-s",
        type=positive_real,
        default=TROUBLE_S,
        help=f"of each trouble ({TROUBLE_S:g})",
    )
    keep_in(parser)
    flags = parser.parse_args(arguments)
    account = Account("durable", flags)
    done: list[str] = []
    figures = anyio.run(_measured, flags, done)
    return account.close(figures, troubles=done)


async def _measured(flags: argparse.Namespace, done: list[str]) -> list[Figure]:
    run = run_name()
    with (
        tempfile.TemporaryDirectory() as name,
        # By the second, a second of what was accepted could be lost.
        redis_at(Path(name), sync="always") as redis,
        stores.opened(flags.store, run) as store,
    ):
        async with fault_proxy(store.buckets.endpoint_url) as proxy:
            lease = ("--note-lease-s", f"{flags.lease_s:g}")
            shared = ("--redis-url", redis.url, *lease, *store.flags(proxy.url))
            async with Fleet(Path(name), shared) as fleet:
                makers = [await _maker(fleet, f"maker-{n}") for n in range(flags.workers)]
                troubles = Troubles(
                    makers=makers,
                    start=partial(_maker, fleet),
                    redis=redis,
                    proxy=proxy,
                    trouble_s=flags.trouble_s,
                    lease_s=flags.lease_s,
                    done=done,
                )
                return await _through(troubles, fleet, store, Submission(run, flags.notes))


async def _maker(fleet: Fleet, name: str) -> ServerProcess:
    return await fleet.start(name, *MAKES)


async def _through(
    troubles: Troubles, fleet: Fleet, store: Store, submission: Submission
) -> list[Figure]:
    url = (await fleet.start("taker", *TAKES)).server.http_url
    began_s = time.monotonic()
    async with asking(url) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(troubles.while_accepted, submission)
        await submission.run(client)
    accepted_s = time.monotonic() - began_s
    async with MetricsReader(metrics_url(url)) as metrics:
        await troubles.while_made(metrics, submission.num_notes)
    async with asking(url) as client:
        await drained(client)
        shown = await all_notes(client)
    evidence = await to_thread.run_sync(_evidence, submission, shown, store)
    figure = Figure("accepted a second, Redis killed meanwhile", submission.num_notes / accepted_s)
    return [*evidence, figure]


def _evidence(submission: Submission, shown: Mapping[str, Shown], store: Store) -> list[Figure]:
    landed = store.objects()
    num_replaced = 0 if store.num_puts is None else store.num_puts() - len(landed)
    evidence = Evidence(
        accepted=submission.accepted,
        shown=shown,
        landed=landed,
        num_replaced=num_replaced,
        take=store.take,
    )
    return evidence.figures()


if __name__ == "__main__":
    sys.exit(main())
