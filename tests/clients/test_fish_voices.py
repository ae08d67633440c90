"""Fish Audio's SDK, both of its modules, keeps voices here as it does there."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from anyio import to_thread
from fish_audio_sdk import HttpCodeErr, Session
from fishaudio import AsyncFishAudio, FishAudio
from fishaudio.exceptions import APIError, NotFoundError, RateLimitError
from fishaudio.types import TTSConfig, Voice

from engine.runners.tone import ToneRunner
from tests.helpers.cloning import REFERENCE, CloningRunner
from tests.helpers.in_process import web_server
from tests.server.voices.test_endpoint import Server, serving

pytestmark = pytest.mark.anyio

TEXT = "Hello, in a voice of my own."
#: The smallest that is one; nobody looks at it.
COVER = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Server, str]]:
    async with (
        serving(tmp_path, max_voices=3) as server,
        web_server(server.app) as (host, port),
    ):
        yield server, f"http://{host}:{port}"


async def created(client: AsyncFishAudio, title: str = "Anna") -> Voice:
    return await client.voices.create(
        title=title, voices=[REFERENCE.audio], texts=[REFERENCE.text], tags=["female", "warm"]
    )


async def test_its_client_creates_lists_reads_changes_and_deletes_a_voice(
    server: tuple[Server, str],
) -> None:
    running, url = server
    client = AsyncFishAudio(base_url=url, api_key="any")
    voice = await created(client)
    assert (voice.title, voice.tags, voice.visibility) == ("Anna", ["female", "warm"], "private")
    assert (voice.state, voice.languages) == ("trained", ["en"])
    await created(client, "Berta")
    page = await client.voices.list(page_size=1, self_only=True, sort_by="created_at")
    assert (page.total, [each.title for each in page.items]) == (2, ["Berta"])
    page = await client.voices.list(title="ann", tags=["warm", "female"], language="en")
    assert page.items == [voice]
    # Without a picture it sends an encoded form, with one a form of parts, and of nothing nothing.
    await client.voices.update(voice.id, title="Anne", description="")
    await client.voices.update(voice.id, visibility="unlist", cover_image=COVER)
    await client.voices.update(voice.id)
    read = await client.voices.get(voice.id)
    assert (read.title, read.visibility, read.tags) == ("Anne", "unlist", ["female", "warm"])
    assert read.updated_at > read.created_at == voice.created_at
    made = await client.tts.convert(
        text=TEXT, reference_id=voice.id, config=TTSConfig(format="pcm", sample_rate=24_000)
    )
    assert len(made) > 24_000
    assert isinstance(running.runner, CloningRunner)
    assert running.runner.references == [REFERENCE.text]
    await client.voices.delete(voice.id)
    with pytest.raises(NotFoundError, match="no voice"):
        await client.voices.get(voice.id)
    await client.close()


async def test_its_client_is_told_why_a_voice_is_not_kept(server: tuple[Server, str]) -> None:
    client = AsyncFishAudio(base_url=server[1], api_key="any")
    with pytest.raises(APIError, match="texts") as refused:
        await client.voices.create(title="Anna", voices=[REFERENCE.audio])
    assert refused.value.status == 400
    with pytest.raises(APIError, match="one recording"):
        await client.voices.create(title="Anna", voices=[b"a", b"b"], texts=["a", "b"])
    with pytest.raises(NotFoundError):
        await client.voices.update("nobody", title="Somebody")
    with pytest.raises(APIError, match="page_size"):
        await client.voices.list(page_size=0)
    for _ in range(3):
        await created(client)
    with pytest.raises(RateLimitError, match="3 voices"):
        await created(client)
    await client.close()


async def test_its_blocking_client_does_the_same(server: tuple[Server, str]) -> None:
    def talk() -> None:
        client = FishAudio(base_url=server[1], api_key="any")
        voice = client.voices.create(
            title="Anna", voices=[REFERENCE.audio], texts=[REFERENCE.text], cover_image=COVER
        )
        client.voices.update(voice.id, tags=["one"])
        assert client.voices.get(voice.id).tags == ["one"]
        client.voices.delete(voice.id)
        client.close()

    await to_thread.run_sync(talk)


async def test_the_older_module_does_the_same_and_is_told_what_it_got_wrong(
    server: tuple[Server, str],
) -> None:
    def talk() -> None:
        with Session("any", base_url=server[1]) as session:
            voice = session.create_model(
                title="Anna", voices=[REFERENCE.audio], texts=[REFERENCE.text], tags=["a"]
            )
            session.update_model(voice.id, title="Anne", cover_image=COVER)
            assert session.get_model(voice.id).title == "Anne"
            assert [each.id for each in session.list_models(self_only=True).items] == [voice.id]
            assert {each.author.nickname for each in session.list_models().items} == {
                "voxline",
                "tone",
            }
            session.delete_model(voice.id)
            with pytest.raises(HttpCodeErr, match="no voice") as refused:
                session.get_model(voice.id)
            assert refused.value.status == 404
            with pytest.raises(HttpCodeErr, match="texts") as refused:
                session.create_model(title="Anna", voices=[REFERENCE.audio])
            assert refused.value.status == 400

    await to_thread.run_sync(talk)


async def test_a_model_that_cannot_clone_tells_both(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, ToneRunner(sleep=lambda _: None)) as server,
        web_server(server.app) as (host, port),
    ):
        url = f"http://{host}:{port}"
        client = AsyncFishAudio(base_url=url, api_key="any")
        with pytest.raises(APIError, match="cannot clone"):
            await created(client)
        await client.close()
        async with Session("any", base_url=url) as session:
            with pytest.raises(HttpCodeErr, match="cannot clone"):
                await session.create_model.awaitable(
                    title="Anna", voices=[REFERENCE.audio], texts=[REFERENCE.text]
                )


async def test_a_form_of_a_note_speaks(server: tuple[Server, str]) -> None:
    fields = {"text": TEXT, "format": "pcm", "references[0][text]": REFERENCE.text}
    files = {"references[0][audio]": ("me.wav", REFERENCE.audio)}
    async with httpx.AsyncClient(base_url=server[1]) as client:
        made = await client.post("/v1/tts", data=fields, files=files)
    assert made.status_code == 200
    assert isinstance(server[0].runner, CloningRunner)
    assert server[0].runner.references == [REFERENCE.text]
