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


def is_hub_id(name: str) -> bool:
    """Tell whether `name` could be a repository of the Hub."""
    return _HUB_ID.fullmatch(name) is not None


def fetch(name: str) -> Path:
    """Return the folder of a checkpoint of the Hub, downloaded as far as it is not there yet.

    The licence is told before. Where a connection breaks, the download goes on where it was; where
    the process ends, files that were whole are kept, and the one that was not is begun again.
    Without a network the cache is used. The token is `HF_TOKEN`, or the one of `hf auth login`.

    Raises:
        ModelUnavailable: there is no such repository or revision, it is gated, or it can neither be
            downloaded nor found in the cache. The message says what to do.
        ModuleNotFoundError: huggingface_hub is not installed.
    """
    from huggingface_hub import errors, snapshot_download

    parts = _HUB_ID.fullmatch(name)
    if parts is None:
        raise ModelUnavailable(f"{name!r} is no owner/name of the Hub")
    repository, revision = parts["repository"], parts["revision"]
    _log.info("looking for %s on the Hugging Face Hub", name)
    try:
        # No less than a warning is seen where nobody set up a log, as on the command line.
        _log.warning("%s has the licence %s", repository, _licence(repository, revision))
        return Path(snapshot_download(repository, revision=revision, allow_patterns=[*_FILES]))
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
    except (errors.LocalEntryNotFoundError, errors.IncompleteSnapshotError) as error:
        raise ModelUnavailable(
            f"{repository} is not wholly in the cache, and the Hub cannot be reached"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{repository} cannot be downloaded: {error}") from error


def _licence(repository: str, revision: str | None) -> str:
    from huggingface_hub import errors, hf_hub_download

    try:
        card = Path(hf_hub_download(repository, _CARD, revision=revision))
    except errors.EntryNotFoundError:  # of the Hub, or of the cache where the Hub is out of reach
        return _UNSTATED
    stated = _LICENCE.search(card.read_text(encoding="utf-8", errors="replace"))
    return stated[1].upper() if stated else _UNSTATED
