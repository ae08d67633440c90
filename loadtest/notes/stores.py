"""The S3 that notes land in, and what it says of them past our own code."""

import json
import logging
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.helpers.buckets import REGION, Buckets, moto_server
from tests.helpers.radosgw import radosgw

HELP = "rgw (Ceph's gateway, started here), moto (started here), or the address of another"

#: Moto copies all it has for each page, and keeps the copies. Others have pages of a thousand.
_PAGES = {"PageSize": 100_000}


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket of this run alone."""

    buckets: Buckets
    bucket: str
    #: The puts that the store has done, by its own account, if it keeps one.
    num_puts: Callable[[], int] | None = None

    def flags(self, endpoint_url: str) -> tuple[str, ...]:
        """Return a server's flags to keep audio here, by way of `endpoint_url`."""
        return (
            *("--s3-bucket", self.bucket, "--s3-endpoint-url", endpoint_url),
            *("--s3-region", REGION),
        )

    def objects(self) -> dict[str, list[int]]:
        """Return how many bytes each version of each object has, by the id of its note."""
        found: dict[str, list[int]] = {}
        pages = self.buckets.client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self.bucket, PaginationConfig=_PAGES):
            for version in page.get("Versions", ()):
                _, note_id, _ = version["Key"].split("/")
                found.setdefault(note_id, []).append(version["Size"])
        return found

    def take(self, note_id: str) -> int:
        """Return which take of a note is here."""
        listed = self.buckets.client.list_objects_v2(Bucket=self.bucket, Prefix=f"notes/{note_id}/")
        (each,) = listed["Contents"]
        head = self.buckets.client.head_object(Bucket=self.bucket, Key=each["Key"])
        return int(head["Metadata"]["take"])


@contextmanager
def opened(name: str, run: str) -> Iterator[Store]:
    """Open a store by its name on the command line, with a bucket named for the run.

    A bucket of a store that was there before is left there.
    """
    bucket = f"voxline-{run}"
    if name == "rgw":
        with tempfile.TemporaryDirectory() as folder, radosgw(Path(folder)) as url:
            # Where it keeps versions it ignores `If-None-Match`: without them, nothing is replaced.
            yield _made(Buckets(url, is_versioned=False), bucket, partial(_puts, Path(folder)))
    elif name == "moto":
        # It has a line for every request.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        with moto_server() as url:
            yield _made(Buckets(url), bucket)
    else:
        yield _made(Buckets(name), bucket)


def _made(buckets: Buckets, bucket: str, num_puts: Callable[[], int] | None = None) -> Store:
    buckets.make(bucket)
    return Store(buckets, bucket, num_puts)


def _puts(folder: Path) -> int:
    command = ["radosgw-admin", "-c", str(folder / "ceph.conf"), "-n", "client.rgw"]
    command += ["usage", "show", "--show-log-entries=false"]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 our own
    return sum(
        category["successful_ops"]
        for user in json.loads(done.stdout)["summary"]
        for category in user["categories"]
        if category["category"] == "put_obj"
    )
