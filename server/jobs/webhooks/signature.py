"""What proves that a call is ours: the scheme of Standard Webhooks (standardwebhooks.com).

The signature is `v1,` and the HMAC-SHA256 of "id.timestamp.body" in base64. The secret may be
written as there: `whsec_` and base64; else its own bytes are the key.
"""

import base64
import hashlib
import hmac

_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """Return the key of a secret.

    Raises:
        ValueError: it begins with `whsec_`, and is no base64.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"what follows {_PREFIX} must be base64") from None


def headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a call. Without a key it has no signature."""
    told = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if not key:
        return told
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {**told, "webhook-signature": "v1," + base64.b64encode(digest).decode()}
