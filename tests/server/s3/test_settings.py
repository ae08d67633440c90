"""The bucket of the settings: what can never work is told at the start."""

import sys

import pytest

from server.s3.client import connect
from server.s3.settings import S3Settings
from server.setting_checks import SettingsError


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"bucket": ""}, "s3_bucket"),
        ({"prefix": "/a"}, "s3_prefix"),
        ({"prefix": "a/"}, "s3_prefix"),
        ({"prefix": "a//b"}, "s3_prefix"),
        ({"prefix": "a/../b"}, "s3_prefix"),
        ({"prefix": "ä"}, "s3_prefix"),
        ({"encryption": "rot13"}, "s3_encryption"),
        ({"kms_key": "alias/key"}, "s3_kms_key"),
        ({"kms_key": "alias/key", "encryption": "AES256"}, "s3_kms_key"),
    ],
)
def test_what_can_never_work_is_refused_by_name(settings: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        S3Settings(**{"bucket": "notes", **settings})


def test_an_address_begins_with_the_prefix() -> None:
    assert S3Settings(bucket="b").address("notes", "a") == "notes/a"
    assert S3Settings(bucket="b", prefix="x/y.z").address("notes", "a") == "x/y.z/notes/a"


@pytest.mark.parametrize(
    "settings", [{"endpoint_url": "no address"}, {"region": "no region"}], ids=str
)
def test_what_boto_refuses_is_refused_at_the_start(settings: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="S3: "):
        connect(S3Settings(bucket="notes", **settings))


def test_without_boto_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SettingsError, match=r'pip install "voxline\[s3\]"'):
        connect(S3Settings(bucket="notes"))
