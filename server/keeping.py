"""From the settings to the places where voices, notes and their audio are kept.

Each kind is in a folder of this machine, unless something else is named for it. The libraries of
the others are loaded where they are named.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from server.jobs.folder_store import FolderAudioStore
from server.jobs.local_relay import LocalRelay
from server.jobs.queue import NoteQueue
from server.jobs.relay import Relay
from server.jobs.sqlite.queue import SqliteNoteQueue
from server.jobs.sqlite.schema import DatabaseUnusable
from server.jobs.store import AudioStore
from server.keeping_settings import KeepingSettings
from server.setting_checks import SettingsError
from server.voices.folder import FolderVoiceStore
from server.voices.store import NoVoiceStore, VoiceStore

if TYPE_CHECKING:
    from server.s3.bucket import Bucket

#: Within the folder for all that is kept here.
VOICES, RECORDINGS, DATABASE, AUDIO, SPOOLS = (
    "voices", "recordings", "notes.sqlite3", "audio", "spools",
)  # fmt: skip


def voice_store(settings: KeepingSettings) -> VoiceStore:
    """Return the place of stored voices.

    Raises:
        SettingsError: what it needs is not installed, or can never work.
    """
    folder = settings.data_folder
    if folder is None:
        return NoVoiceStore()
    if settings.voice_repository:
        from server.voices.hub_snapshot import HubSnapshot
        from server.voices.hub_store import HubVoiceStore
        from server.voices.recordings import RecordingCache

        cache = RecordingCache(folder / RECORDINGS)
        return HubVoiceStore(HubSnapshot(settings.voice_repository), cache)
    if settings.s3_bucket:
        from server.voices.recordings import RecordingCache
        from server.voices.s3_store import S3VoiceStore

        return S3VoiceStore(_bucket(settings), RecordingCache(folder / RECORDINGS))
    return FolderVoiceStore(folder / VOICES)


def audio_store(settings: KeepingSettings, folder: Path) -> AudioStore:
    """Return the place where notes land.

    Raises:
        SettingsError: see `voice_store`.
    """
    if settings.s3_bucket:
        from server.jobs.s3.store import S3AudioStore

        return S3AudioStore(_bucket(settings))
    return FolderAudioStore(folder / AUDIO)


@asynccontextmanager
async def note_queue(
    settings: KeepingSettings, folder: Path
) -> AsyncIterator[tuple[NoteQueue, Relay]]:
    """Open the place where notes wait, and what carries their audio while they are made.

    Raises:
        SettingsError: see `voice_store`, or the folder's database cannot be used.
    """
    max_audio_s = settings.max_queued_audio_s
    if settings.redis_url:
        async with _in_redis(settings.redis_url, max_audio_s, settings.note_lease_s) as places:
            yield places
        return
    path = folder / DATABASE
    try:
        async with SqliteNoteQueue.open(path, max_audio_s=max_audio_s) as queue:
            yield queue, LocalRelay()
    except DatabaseUnusable as error:
        raise SettingsError(f"data_dir: {error}") from error


@asynccontextmanager
async def _in_redis(
    url: str, max_audio_s: float, lease_s: float
) -> AsyncIterator[tuple[NoteQueue, Relay]]:
    try:
        from server.jobs.redis.queue import open_redis_queue
        from server.jobs.redis.relay import open_redis_relay
    except ModuleNotFoundError as error:
        raise SettingsError('Redis needs streaq: pip install "voxline[redis]"') from error
    async with (
        open_redis_queue(url, max_audio_s=max_audio_s, lease_s=lease_s) as queue,
        open_redis_relay(url) as relay,
    ):
        yield queue, relay


def _bucket(settings: KeepingSettings) -> "Bucket":
    from server.s3.bucket import Bucket
    from server.s3.client import connect

    s3 = settings.s3
    signer = connect(replace(s3, endpoint_url=s3.public_url)) if s3.public_url else None
    return Bucket(s3, connect(s3), signer)
