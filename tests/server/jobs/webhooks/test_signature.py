"""What proves that a call is ours, against the example of the scheme that it follows."""

import base64

import pytest

from server.jobs.webhooks.signature import headers, key_of

# The example of the reference libraries of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_call_is_signed_as_the_scheme_says() -> None:
    told = headers(
        key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert told == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


@pytest.mark.parametrize("change", ["id", "timestamp", "body", "key"])
def test_whatever_is_changed_changes_the_signature(change: str) -> None:
    key = b"other" if change == "key" else key_of(SECRET)
    message_id = "other" if change == "id" else "msg_p5jXN8AQM9LWM0D4loKWxJek"
    timestamp = 1614265331 if change == "timestamp" else 1614265330
    body = b"{}" if change == "body" else b'{"test": 2432232314}'
    assert headers(key, message_id, timestamp, body)["webhook-signature"] != SIGNATURE


def test_a_plain_secret_is_its_own_key() -> None:
    assert key_of("correct horse") == b"correct horse"
    assert key_of("whsec_" + base64.b64encode(b"horse").decode()) == b"horse"
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_no base64")


def test_without_a_secret_nothing_is_signed() -> None:
    assert "webhook-signature" not in headers(key_of(""), "id", 1, b"{}")
