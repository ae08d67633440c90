"""What a repository of the Hub holds at one commit: folders of voices, as `FolderVoiceStore` makes.

So `hf upload OWNER/NAME ~/.local/share/voxline/voices` shares what a server has stored.
"""

import logging
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.voices import VOICE_ID
from server.setting_checks import SettingsError
from server.voices.about import read_about
from server.voices.recording import MAX_AUDIO_BYTES
from server.voices.store import StoredVoice

if TYPE_CHECKING:
    from huggingface_hub import HfApi

#: `owner/name`, and after an `@` a branch, a tag or a commit.
_SOURCE = re.compile(r"(?P<repository>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w./-]+))?")
_BRANCH = "main"
_ABOUT, _AUDIO = "voice.json", "audio"

_log = logging.getLogger(__name__)


class HubSnapshot:
    """A repository at the commit that its revision has when it is first looked at.

    Its methods block, and raise what huggingface_hub raises. The token is `HF_TOKEN`, or the one of
    `hf auth login`.
    """

    def __init__(self, source: str, endpoint: str | None = None) -> None:
        """Look at `source`, which is `owner/name[@revision]`, of the Hub, or of `endpoint`.

        Raises:
            SettingsError: it is none, or huggingface_hub is not installed.
        """
        parts = _SOURCE.fullmatch(source)
        if parts is None:
            raise SettingsError(f"voices of the Hub must be owner/name[@revision], not {source!r}")
        self.repository = parts["repository"]
        self._revision = parts["revision"] or _BRANCH
        self._api = _api(endpoint)

    def voices(self) -> dict[str, tuple[StoredVoice, str]]:
        """Return the voices by id, each with what is said in its recording."""
        commit = self._api.model_info(self.repository, revision=self._revision).sha
        self._revision = commit or self._revision
        sizes = {
            each.path: each.size
            for each in self._api.list_repo_tree(
                self.repository, revision=self._revision, recursive=True
            )
            if hasattr(each, "size")
        }
        with TemporaryDirectory() as folder:
            self._api.snapshot_download(
                self.repository,
                revision=self._revision,
                allow_patterns=[f"*/{_ABOUT}"],
                local_dir=folder,
            )
            paths = sorted(path for path in Path(folder).iterdir() if (path / _ABOUT).is_file())
            found = {path.name: _voice(path, sizes) for path in paths}
        return {voice_id: voice for voice_id, voice in found.items() if voice is not None}

    def audio(self, voice_id: str) -> bytes:
        """Return a voice's recording, once `voices` has found it."""
        with TemporaryDirectory() as folder:
            path = self._api.hf_hub_download(
                self.repository,
                f"{voice_id}/{_AUDIO}",
                revision=self._revision,
                local_dir=folder,
            )
            return Path(path).read_bytes()


def _voice(path: Path, sizes: dict[str, int]) -> tuple[StoredVoice, str] | None:
    """Return what a folder says of a voice, if it is one."""
    try:
        _check(path.name, sizes.get(f"{path.name}/{_AUDIO}", 0))
        return read_about((path / _ABOUT).read_bytes(), path.name, 0.0)
    except ValueError as error:
        _log.warning("a voice of the Hub is damaged: %s: %s", path.name, error)
        return None


def _check(voice_id: str, num_bytes: int) -> None:
    if not VOICE_ID.fullmatch(voice_id):
        raise ValueError("its name is no id")
    if not 0 < num_bytes <= MAX_AUDIO_BYTES:
        raise ValueError(f"its recording has {num_bytes} bytes")


def _api(endpoint: str | None) -> "HfApi":
    try:
        from huggingface_hub import HfApi
    except ModuleNotFoundError as error:
        raise SettingsError(
            'voices of the Hub need huggingface_hub: pip install "voxline[hub]"'
        ) from error
    return HfApi(endpoint=endpoint)
