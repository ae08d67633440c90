"""What can be set about what is kept: where, how much of it, and for how long."""

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from server.jobs.limits import (
    EXPIRY_S,
    LEASE_S,
    MAX_CHARS,
    MAX_QUEUED_S,
    RETENTION_S,
    JobLimits,
)
from server.jobs.webhooks.signature import key_of
from server.s3.settings import S3Settings
from server.setting_checks import SettingsError, check_choice, check_secret, folder_of
from server.setting_fields import MOST_S, setting

#: Ten years: what is kept for longer is kept elsewhere.
_MOST_KEPT_S = 3_650 * MOST_S
#: Three years of speech.
_MOST_QUEUED_S = 1e8
#: A week of speech, and megabytes in the queue.
_MOST_NOTE_CHARS = 10_000_000

_keeping = partial(setting, "what it keeps")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingSettings:
    """The settings of voices that are stored, and of notes that wait."""

    data_dir: str = _keeping(
        "~/.local/share/voxline",
        "folder of all that is kept: stored voices in its folder voices, notes that wait in "
        "notes.sqlite3, and their audio in audio, and in spools while it is made; empty keeps "
        "nothing",
    )
    redis_url: str = _keeping(
        "",
        "Redis 7 in which notes wait that several processes share, redis://HOST:6379/0; empty "
        "keeps them in data_dir",
    )
    note_lease_s: float = _keeping(
        LEASE_S,
        "seconds without a sign of life after which a process of those that share redis_url has "
        "lost the notes that it was making to others",
        2,
        MOST_S,
    )
    s3_bucket: str = _keeping(
        "", "bucket of S3 for stored voices and the audio of notes; empty keeps them in data_dir"
    )
    s3_prefix: str = _keeping("", "names with / between them, under which all of it is kept")
    s3_endpoint_url: str = _keeping("", "address of an S3 that is not Amazon's")
    s3_public_url: str = _keeping(
        "",
        "address of that S3 as listeners reach it, where notes are fetched from; empty is "
        "s3_endpoint_url",
    )
    s3_region: str = _keeping("", "region; empty leaves it to what boto3 finds")
    s3_encryption: str = _keeping("", "AES256 or aws:kms; empty leaves it to the bucket")
    s3_kms_key: str = _keeping("", "key for aws:kms; empty is the account's own")
    s3_storage_class: str = _keeping("", "STANDARD_IA and the like; empty is the bucket's own")
    voice_repository: str = _keeping(
        "",
        "repository of the Hub whose voices are the stored ones, owner/name[@revision]; none can "
        "be added then",
    )
    max_note_chars: int = _keeping(
        MAX_CHARS,
        "characters of a note that nobody waits for; 54000 are about an hour of speech",
        1,
        _MOST_NOTE_CHARS,
    )
    max_queued_audio_s: float = _keeping(
        MAX_QUEUED_S,
        "seconds of audio that may wait, as estimated from its text; beyond, notes are refused "
        "with the time to come again",
        1,
        _MOST_QUEUED_S,
    )
    note_expiry_s: float = _keeping(
        EXPIRY_S, "seconds after which a note that has not begun fails", 1, _MOST_KEPT_S
    )
    note_retention_s: float = _keeping(
        RETENTION_S,
        "seconds after which a note that has ended is forgotten, with its audio",
        1,
        _MOST_KEPT_S,
    )
    webhook_secret: str = _keeping(
        "",
        "secret that webhooks are signed with, as Standard Webhooks says; empty signs none. "
        "Others on this machine can read a flag: set the variable",
    )
    webhook_networks: str = _keeping(
        "public", "where webhooks may lead: public, or any, into your own networks too"
    )

    @property
    def data_folder(self) -> Path | None:
        """The folder of all that is kept, if anything is.

        Raises:
            SettingsError: it lies in a home that nobody knows.
        """
        return folder_of(self.data_dir)

    @property
    def s3(self) -> S3Settings:
        """The bucket, where one is named.

        Raises:
            SettingsError: it can never work.
        """
        names = [item.name for item in fields(S3Settings)]
        return S3Settings(**{name: getattr(self, f"s3_{name}") for name in names})

    @property
    def job_limits(self) -> JobLimits:
        """What a note that waits may be, and how long it is kept."""
        return JobLimits(
            max_chars=self.max_note_chars,
            expiry_s=self.note_expiry_s,
            retention_s=self.note_retention_s,
            max_queued_s=self.max_queued_audio_s,
            allows_private=self.webhook_networks == "any",
        )

    @property
    def webhook_key(self) -> bytes:
        """The key of `webhook_secret`."""
        return key_of(self.webhook_secret)

    def check_keeping(self) -> None:
        """Check what the types do not say.

        Raises:
            SettingsError: it can never work.
        """
        check_choice("webhook_networks", self.webhook_networks, ("public", "any"))
        check_secret(self.webhook_secret)
        if self.data_folder is None and (self.redis_url or self.s3_bucket or self.voice_repository):
            raise SettingsError("data_dir is empty: what is kept elsewhere passes through it")
        if self.s3_bucket:
            _ = self.s3
