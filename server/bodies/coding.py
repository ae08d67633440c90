"""Bodies come as they are: none is compressed (RFC 9110, 8.4)."""

from starlette.datastructures import Headers
from starlette.types import Scope

from protocol.codes import ErrorCode
from server.errors import RequestError

_NONE = frozenset({"", "identity"})


def check_coding(scope: Scope) -> None:
    """Pass if a body has no content coding: what one becomes has no bound that is known before.

    Raises:
        RequestError: `unsupported`.
    """
    value = ",".join(Headers(scope=scope).getlist("content-encoding"))
    if not {coding.strip().lower() for coding in value.split(",")} <= _NONE:
        raise RequestError(
            ErrorCode.UNSUPPORTED, "the body must come as it is, without a Content-Encoding"
        )
