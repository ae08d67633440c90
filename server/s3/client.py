"""boto3's client of a bucket, with patience that has an end."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from anyio import from_thread

from server.s3.settings import S3Settings
from server.setting_checks import SettingsError

#: boto3 makes its classes at run time, and knows no types.
S3Client: TypeAlias = Any

#: At once, by all that share a client: each has a thread, and a part of an upload in memory.
MAX_CALLS = 16
#: A larger body is sent when the store has asked for it, lest it be refused after all of it was. A
#: smaller one is sent sooner than it is asked for.
ASKED_FOR_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one call is tried. Between the tries are pauses of up to 1, 2, 4 … s, at random."""

    #: A store that is up answers the handshake within a few milliseconds.
    connect_s: float = 5.0
    #: Without a byte either way: what is asked of a store it does within a second or two.
    silence_s: float = 20.0
    #: Four seconds of SlowDown and more; a longer fault is for whoever has called.
    tries: int = 4


PATIENCE = Patience()


def connect(settings: S3Settings, patience: Patience = PATIENCE) -> S3Client:
    """Return boto3's client. Its calls block: they are made in worker threads.

    Raises:
        SettingsError: boto3 is not installed, or can make nothing of the settings.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
        from botocore.utils import determine_content_length
    except ModuleNotFoundError as error:
        raise SettingsError('S3 needs boto3: pip install "voxline[s3]"') from error
    config = Config(
        connect_timeout=patience.connect_s,
        read_timeout=patience.silence_s,
        retries={"mode": "standard", "total_max_attempts": patience.tries},
        max_pool_connections=MAX_CALLS,
        # What is signed with a key of KMS, or in a newer region, knows no older one.
        signature_version="s3v4",
    )
    try:
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.endpoint_url or None,
            region_name=settings.region or None,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(f"S3: {error}") from error
    # Before each try: whoever has been cancelled waits for the one that is under way, and no more.
    client.meta.events.register_first("before-send.s3", lambda **_: from_thread.check_cancelled())

    def send_small_ones_unasked(params: dict[str, Any], **_: object) -> None:
        num_bytes = determine_content_length(params.get("body"))
        if num_bytes is not None and num_bytes <= ASKED_FOR_BYTES:
            params["headers"].pop("Expect", None)

    client.meta.events.register_last("before-call.s3", send_small_ones_unasked)
    return client
