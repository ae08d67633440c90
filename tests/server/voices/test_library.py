"""Where voices are kept, by the setting."""

from pathlib import Path

import pytest

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.setting_checks import SettingsError
from server.voices.library import open_library
from tests.server.voices.store_conformance import reference, voice

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # a disk is read in threads


async def test_voices_are_kept_in_the_folder_of_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    await open_library("~/kept").store.add(voice("anna"), reference())
    assert await open_library(f"{tmp_path}/kept").store.voices() == [voice("anna")]
    assert (tmp_path / "kept" / "voices" / "anna").is_dir()


async def test_without_a_folder_nothing_is_kept() -> None:
    store = open_library("").store
    with pytest.raises(RequestError) as refused:
        await store.add(voice("anna"), reference())
    assert refused.value.code is ErrorCode.UNSUPPORTED
    assert await store.voices() == []
    for ask in (store.find("anna"), store.reference(voice("anna")), store.remove("anna")):
        with pytest.raises(RequestError) as refused:
            await ask
        assert refused.value.code is ErrorCode.UNKNOWN_VOICE


def test_a_home_that_nobody_knows_is_an_error_of_the_setting() -> None:
    with pytest.raises(SettingsError, match="data_dir"):
        open_library("~nobody-of-this-name/kept")
