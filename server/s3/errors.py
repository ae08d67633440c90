"""What goes wrong with a bucket, in words for whoever runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


class S3Failed(Exception):
    """The store cannot be reached, or refuses us. `may_pass` tells whether it may by itself."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class ObjectMissing(Exception):
    """There is no such object."""


class ObjectTaken(Exception):
    """There is such an object, or somebody is writing it: the condition was not met."""


#: S3's codes, and the bare status of answers without a body.
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "412", "409"}
_NO_BUCKET = "there is no such bucket"
_REASONS = {
    "NoSuchBucket": _NO_BUCKET,
    "ExpiredToken": "the credentials have expired",
    "ExpiredTokenException": "the credentials have expired",
    "TokenRefreshRequired": "the credentials have expired",
    "InvalidToken": "the session token of the credentials is wrong",
    "InvalidAccessKeyId": "the store does not know the credentials",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "AccessDenied": "the credentials may not do that",
    # A question without a body is answered without a reason.
    "400": "the store refuses the request; the credentials may have expired",
    "403": "the credentials may not do that",
    "PermanentRedirect": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the bucket is in another region",
    "QuotaExceeded": "the quota of the store is used up",
    "KMS.NotFoundException": "there is no such KMS key",
    "KMS.DisabledException": "the KMS key is disabled",
}
#: They pass, but were tried again for as long as it is worth it.
_PASSING = {
    "SlowDown": "the store is overloaded",
    "ServiceUnavailable": "the store is overloaded",
    "503": "the store is overloaded",
    "InternalError": "the store has failed",
    "500": "the store has failed",
    "RequestTimeout": "the connection is too slow",
    # An upload that a sweep or a restart has ended: it is begun anew.
    "NoSuchUpload": "the upload is gone",
}


@contextmanager
def failures(bucket: str) -> Iterator[None]:
    """Raise as one of the errors above whatever boto3 raises.

    Raises:
        S3Failed, ObjectMissing, ObjectTaken: see there.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _of_answer(error, bucket) from error
    except BotoCoreError as error:
        raise _of_call(error, bucket) from error


def code_of(error: "ClientError") -> str:
    """Return S3's code for an error, or the status of an answer without one."""
    return str(error.response.get("Error", {}).get("Code", ""))


def has_reason(error: "ClientError") -> bool:
    """Tell whether an error is one that whoever runs the store can be told the reason of."""
    return code_of(error) in _REASONS | _PASSING


def no_bucket(bucket: str) -> S3Failed:
    """Return what is raised of a bucket that is not there."""
    return S3Failed(f"bucket {bucket}: {_NO_BUCKET}", may_pass=False)


def _of_answer(error: "ClientError", bucket: str) -> Exception:
    code = code_of(error)
    if code in _MISSING:
        return ObjectMissing(str(error))
    if code in _TAKEN:
        return ObjectTaken(str(error))
    reason = _REASONS.get(code) or _PASSING.get(code) or str(error)
    return S3Failed(f"bucket {bucket}: {reason} ({code})", may_pass=code in _PASSING)


def _of_call(error: Exception, bucket: str) -> Exception:
    from botocore import exceptions

    without_credentials = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
    )
    if isinstance(error, without_credentials):
        return S3Failed(f"bucket {bucket}: no credentials: {error}", may_pass=False)
    on_the_way = (
        exceptions.HTTPClientError,
        exceptions.ConnectionError,
        exceptions.IncompleteReadError,
        exceptions.FlexibleChecksumError,
    )
    may_pass = isinstance(error, on_the_way)
    reason = "the store cannot be reached: " if may_pass else ""
    return S3Failed(f"bucket {bucket}: {reason}{error}", may_pass=may_pass)
