"""Large files of the Hub, downloaded so that a process that is killed loses next to nothing.

huggingface_hub goes on where a connection broke, but gives a file on the way a name that is one
process's own, so that the next one begins it again. Here its name is its sha256, in the cache's own
folder: `<sha256>.incomplete`, as `hf cache prune` knows it, which removes what nobody goes on with.
"""

import logging
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from httpx2 import TransportError  # huggingface_hub's own, of which its errors are
from huggingface_hub import (
    ResolvedRevision,
    constants,
    errors,
    get_cached_repo_tree,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
)
from huggingface_hub.file_download import http_get, repo_folder_name
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (  # type: ignore[attr-defined] # documented, but not exported
    WeakFileLock,
    build_hf_headers,
    filter_repo_objects,
)

from engine.errors import ModelUnavailable

#: What is raised where the Hub is out of reach, and the cache does not have what was asked for.
OUT_OF_REACH = (TransportError, errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)

_log = logging.getLogger(__name__)

#: What the Hub states of a file in LFS; of any other it states a sha1.
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: A file that every checkpoint has.
_SMALL = "config.json"
#: What another process left may be damaged, by a power cut for one, and is begun again. What comes
#: damaged to whoever began it will hardly come whole to who asks a third time.
_TRIES = 2


def fetch_large_files(
    repository: str, revision: ResolvedRevision, patterns: Iterable[str], large_bytes: int
) -> None:
    """Put files of at least `large_bytes` where `snapshot_download` finds and only links them.

    Of those that are there already, nothing is asked. Files outside of LFS are left to
    `snapshot_download`, and where the Hub does not list what it has, everything is.

    Raises:
        ModelUnavailable: what the Hub sends is not what it states.
        TransportError: the Hub is out of reach.
        OSError: the Hub or the disk refuses.
    """
    sizes = {
        file.path: file.size
        for file in _files(repository, revision)
        # The Hub gives no larger ones over HTTP.
        if large_bytes <= file.size <= constants.MAX_HTTP_DOWNLOAD_SIZE
    }
    for path in filter_repo_objects(sizes, allow_patterns=[*patterns]):
        if hf_hub_download(repository, path, revision=revision, dry_run=True).will_download:
            _fetch(repository, revision.resolved, path, sizes[path])


def _files(repository: str, revision: ResolvedRevision) -> list[RepoFile]:
    with suppress(errors.CachedRepoTreeNotFoundError):
        return get_cached_repo_tree(repository, revision=revision)
    # It keeps the list of all files, by which a start without a network knows what is not there.
    snapshot_download(repository, revision=revision, allow_patterns=[_SMALL])
    with suppress(errors.CachedRepoTreeNotFoundError):
        return get_cached_repo_tree(repository, revision=revision)
    return []


def _fetch(repository: str, commit: str, path: str, size: int) -> None:
    url = hf_hub_url(repository, path, revision=commit)
    sha256 = get_hf_file_metadata(url, retry_on_errors=True).etag
    if sha256 is None or not _SHA256.fullmatch(sha256):
        return
    blob, lock = _places(repository, sha256)
    with WeakFileLock(lock):
        for _ in range(_TRIES):
            if not blob.exists():
                _complete(blob, url, path, size)
    if not blob.exists():
        raise ModelUnavailable(f"{path} of {repository} came damaged: its sha256 is not {sha256}")


def _places(repository: str, sha256: str) -> tuple[Path, Path]:
    """Return where the library looks for a file, and what it locks while it downloads that."""
    cache = Path(constants.HF_HUB_CACHE).expanduser().resolve()
    folder = repo_folder_name(repo_id=repository, repo_type=constants.REPO_TYPE_MODEL)
    blob, lock = cache / folder / "blobs" / sha256, cache / ".locks" / folder / f"{sha256}.lock"
    for place in (blob, lock):
        place.parent.mkdir(parents=True, exist_ok=True)
    return blob, lock


def _complete(blob: Path, url: str, path: str, size: int) -> None:
    """Download what is missing of a file and put it in its place, or remove it as damaged."""
    partial = blob.with_name(f"{blob.name}.incomplete")
    partial.touch()
    # Not for appending: where locks hold for nobody, two processes write the same to one place.
    with partial.open("r+b") as file:
        _go_on(file, url, path, size)
        file.seek(0)
        if file_digest(file, "sha256").hexdigest() == blob.name:
            _place(file, partial, blob)
        else:
            _log.warning("%s came damaged", path)
            partial.unlink(missing_ok=True)


def _go_on(file: BinaryIO, url: str, path: str, size: int) -> None:
    there = file.seek(0, os.SEEK_END)
    # The Hub refuses to send what is behind the end: a file that is too long is a damaged one.
    if there < size:
        http_get(
            url,
            file,
            resume_size=there,
            headers=build_hf_headers(),
            expected_size=size,
            displayed_filename=path,
        )


def _place(file: BinaryIO, partial: Path, blob: Path) -> None:
    # From here on nobody compares it: what a power cut would take must be on the disk before.
    os.fsync(file.fileno())
    # Where locks hold for nobody, another process may have moved it, or begun another one.
    with suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(file.fileno()), partial.stat()):
            partial.replace(blob)
