"""Checkpoints on the Hugging Face Hub: downloaded once, from then on read from its cache."""

import logging
import re
from pathlib import Path

from engine.errors import ModelUnavailable

_log = logging.getLogger(__name__)

#: `owner/name`, and after an `@` a branch, a tag or a commit.
_HUB_ID = re.compile(r"(?P<repository>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w./-]+))?")
#: What checkpoints of S1 and VITS are made of, and the card that names the licence; a repository
#: holds pictures and samples as well.
_FILES = (
    "README.md",
    "config.json",
    "vocab.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "pytorch_model.bin",
    "tokenizer.tiktoken",
    "special_tokens.json",
    "model.safetensors",
    "model.pth",
    "codec.safetensors",
    "codec.pth",
    "codec_dims.json",
    "voices/*",
)
#: The page of a repository, whose head states the licence among other things.
_CARD = "README.md"
_UNSTATED = "that its page states"
_LICENCE = re.compile(r"^license: *[\"']?([\w.-]+)", re.MULTILINE)
_FORBIDDEN = {401, 403}
#: From this size on a file on the way outlives its process. A line of 20 Mbit/s carries that in
#: half a minute: less is not worth another request and reading the file once more.
LARGE_BYTES = 64 << 20


def is_hub_id(name: str) -> bool:
    """Tell whether `name` could be a repository of the Hub."""
    return _HUB_ID.fullmatch(name) is not None


def fetch(name: str, *, large_bytes: int = LARGE_BYTES) -> Path:
    """Return the folder of a checkpoint of the Hub, downloaded as far as it is not there yet.

    The licence is told before. Where a connection breaks or the process ends, however it does, the
    download goes on where it was; a file of less than `large_bytes` that was on the way when the
    process ended is begun again. Without a network the cache is used. The token is `HF_TOKEN`, or
    the one of `hf auth login`.

    Raises:
        ModelUnavailable: there is no such repository or revision, it is gated, or it can neither be
            downloaded nor found in the cache. The message says what to do.
        ModuleNotFoundError: huggingface_hub is not installed.
    """
    from huggingface_hub import errors

    from server.hub_download import OUT_OF_REACH

    parts = _HUB_ID.fullmatch(name)
    if parts is None:
        raise ModelUnavailable(f"{name!r} is no owner/name of the Hub")
    repository, revision = parts["repository"], parts["revision"]
    _log.info("looking for %s on the Hugging Face Hub", name)
    try:
        return _download(repository, revision, large_bytes)
    except errors.GatedRepoError as error:
        raise ModelUnavailable(
            f"{repository} is gated: accept its terms at https://huggingface.co/{repository}, "
            "then set HF_TOKEN to a token of that account"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelUnavailable(
            f"no repository {repository} on the Hub; if it is private, set HF_TOKEN to a token "
            "that may read it"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelUnavailable(f"{repository} has no revision {revision!r}") from error
    except (errors.HfHubHTTPError, *OUT_OF_REACH) as error:
        raise ModelUnavailable(
            f"{repository} is not wholly in the cache, and the Hub {_refusal(error)}"
        ) from error
    except UnicodeEncodeError as error:
        raise ModelUnavailable("HF_TOKEN is no token of the Hub's: those are ASCII") from error
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{repository} cannot be downloaded: {error}") from error


def _refusal(error: BaseException) -> str:
    """Say how the Hub refuses, which is what an error of the cache was raised from."""
    from huggingface_hub import errors

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, errors.HfHubHTTPError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return "cannot be reached"
    status = cause.response.status_code
    advice = ": set HF_TOKEN to a token that may read it" if status in _FORBIDDEN else ""
    return f"answers with status {status}{advice}"


def _download(repository: str, revision: str | None, large_bytes: int) -> Path:
    from huggingface_hub import ResolvedRevision, snapshot_download

    from server.hub_download import fetch_large_files

    pinned = _pinned(repository, revision)
    # No less than a warning is seen where nobody set up a log, as on the command line.
    _log.warning("%s has the licence %s", repository, _licence(repository, pinned))
    if isinstance(pinned, ResolvedRevision):
        fetch_large_files(repository, pinned, _FILES, large_bytes)
    return Path(snapshot_download(repository, revision=pinned, allow_patterns=[*_FILES]))


def _pinned(repository: str, revision: str | None) -> str | None:
    """Return the revision with its commit, so that all files are of one.

    Where that is not to be known it is returned as it is: whoever asks the Hub for a file of it
    learns why, or finds one in the cache.
    """
    from huggingface_hub import errors, is_offline_mode, resolve_revision

    try:
        return resolve_revision(repository, revision=revision, local_files_only=is_offline_mode())
    except (errors.HfHubHTTPError, errors.RevisionResolutionError):
        return revision


def _licence(repository: str, revision: str | None) -> str:
    from huggingface_hub import errors, hf_hub_download

    try:
        card = Path(hf_hub_download(repository, _CARD, revision=revision))
    except errors.EntryNotFoundError:  # of the Hub, or of the cache where the Hub is out of reach
        return _UNSTATED
    stated = _LICENCE.search(card.read_text(encoding="utf-8", errors="replace"))
    return stated[1].upper() if stated else _UNSTATED
