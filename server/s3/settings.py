"""Which bucket, and how what is in it is kept."""

import re
from dataclasses import dataclass

from server.setting_checks import SettingsError

ENCRYPTIONS = ("", "AES256", "aws:kms")
#: Of what S3 calls safe. A name begins with no dot, so that none is a step up.
_NAME = r"[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*"
_PREFIX = re.compile(f"({_NAME}(/{_NAME})*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """A bucket. What is empty is left to the store, or to what boto3 finds in the environment.

    Credentials are found there too: variables, profiles, roles of the machine or the pod.
    """

    bucket: str
    #: Everything is kept under it.
    prefix: str = ""
    #: Of a store that is not Amazon's.
    endpoint_url: str = ""
    #: The same store for listeners, to whom `endpoint_url` may mean nothing.
    public_url: str = ""
    region: str = ""
    #: One of `ENCRYPTIONS`.
    encryption: str = ""
    #: The id or ARN of a key; without one, `aws:kms` takes the account's own.
    kms_key: str = ""
    #: Of audio and of recordings: `STANDARD_IA` and the like.
    storage_class: str = ""

    def __post_init__(self) -> None:
        """Check what can be checked without asking anybody.

        Raises:
            SettingsError: it can never work.
        """
        if not self.bucket:
            raise SettingsError("s3_bucket is empty")
        if not _PREFIX.fullmatch(self.prefix):
            raise SettingsError(f"s3_prefix must be names with / between them, not {self.prefix!r}")
        if self.encryption not in ENCRYPTIONS:
            raise SettingsError(f"s3_encryption must be AES256 or aws:kms, not {self.encryption!r}")
        if self.kms_key and self.encryption != "aws:kms":
            raise SettingsError("s3_kms_key needs s3_encryption aws:kms")

    def address(self, *names: str) -> str:
        """Return the key of something that is kept."""
        return "/".join((self.prefix, *names) if self.prefix else names)

    @property
    def keeping(self) -> dict[str, str]:
        """What S3 is told with each object that it is to keep."""
        told = {
            "ServerSideEncryption": self.encryption,
            "SSEKMSKeyId": self.kms_key,
            "StorageClass": self.storage_class,
        }
        return {name: value for name, value in told.items() if value}
