"""Notes over HTTP: the file, its length, its errors, and who may ask."""

import io
from collections.abc import AsyncIterator, Callable, Iterator

import anyio
import av
import httpx
import numpy as np
import pytest
import soundfile

from engine.steps import Pcm
from protocol import messages as m
from server.audio.formats import AudioFormat
from server.audio.g711 import alaw, mulaw
from server.places import MAX_RETRY_S
from tests.helpers.serving import Server, serving, starting
from tests.helpers.talking import opening, talking

pytestmark = pytest.mark.anyio

TEXT = "The note is as long as the call."
#: What an mp3 may add: frames of 1152 samples, or of 576 below 32 kHz, two of them for padding.
MP3_FRAMES = 3
#: An empty one before, and the last one filled.
AAC_FRAMES = 2
OPUS_PADDING_S = 0.001


@pytest.fixture
async def http(tone: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=tone.http_url, trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def one_place() -> Iterator[Server]:
    flags = ("--max-calls", "1", "--max-notes", "1", "--allowed-origins", "https://a.example")
    with serving("tone", *flags) as server:
        yield server


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
@pytest.mark.parametrize("audio_format", ["wav", "flac", "mp3", "opus"])
async def test_a_file_is_as_long_as_the_same_call(
    http: httpx.AsyncClient, tone: Server, audio_format: str, rate: int
) -> None:
    fields = {"text": TEXT, "format": audio_format, "sample_rate": rate}
    response = await http.post("/v1/notes", json=fields)
    assert response.status_code == 200
    assert "content-length" not in response.headers
    async with talking(tone) as client:
        spoken = await client.speak(opening(1, sample_rate=rate), TEXT)
    with soundfile.SoundFile(io.BytesIO(response.content)) as file:
        # A stream's length is unknown, so read as from a pipe: forward, to the end.
        file.seekable = lambda: False
        samples = len(file.read(60 * file.samplerate))
        duration_s = samples / file.samplerate
    mp3_frame_s = (1_152 if rate >= 32_000 else 576) / rate
    padding_s = {"mp3": MP3_FRAMES * mp3_frame_s, "opus": OPUS_PADDING_S}.get(audio_format, 0)
    assert duration_s == pytest.approx(spoken.samples / rate, abs=padding_s)


@pytest.mark.parametrize(
    ("name", "field", "least", "most"),
    [("mp3", "mp3_bitrate", 64, 192), ("opus", "opus_bitrate", 24, 64)],
)
async def test_in_fishs_words_a_file_has_the_bit_rate_that_was_asked_for(
    http: httpx.AsyncClient, name: str, field: str, least: int, most: int
) -> None:
    sizes = []
    for bit_rate in (least, most):
        fields = {"text": TEXT, "format": name, field: bit_rate}
        sizes.append(len((await http.post("/v1/tts", json=fields)).content))
    # Of opus, it is what the codec aims at, and pages are added, the more the later audio comes.
    assert sizes[1] > 1.5 * sizes[0]


async def test_a_name_that_is_set_is_its_voice_in_every_tongue_and_on_the_socket() -> None:
    with serving("espeak", "--voice-aliases", "nova=de, default=en-us+f3") as server:
        async with httpx.AsyncClient(base_url=server.http_url, trust_env=False) as http:
            listed = (await http.get("/v1/voices")).json()
            assert (listed["aliases"]["nova"], listed["default"]) == ("de", "en-us+f3")
            wanted, said = [
                await http.post("/v1/notes", json={"text": TEXT, "format": "pcm", "voice": voice})
                for voice in ("de", "nova")
            ]
            assert wanted.content == said.content
            openai = {"input": TEXT, "voice": "nova", "response_format": "pcm"}
            fish = {"text": TEXT, "reference_id": "nova", "format": "pcm", "sample_rate": 24_000}
            spoken = [
                (await http.post(path, json=fields)).content
                for path, fields in (("/v1/audio/speech", openai), ("/v1/tts", fish))
            ]
            assert spoken[0] == spoken[1]
        async with talking(server) as client:
            for stream, voice in enumerate(("nova", "de", None), 1):
                await client.speak(opening(stream, voice=voice), TEXT)
            heard = [client.heard[stream].pcm for stream in (1, 2, 3)]
    assert heard[0] == heard[1] == wanted.content
    assert heard[2] != heard[0]


async def test_raw_pcm_has_every_sample_and_nothing_else(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/notes", json={"text": TEXT, "format": "pcm"})
    assert len(response.content) == 2 * 1_600 * len(TEXT)


@pytest.mark.parametrize(
    ("audio_format", "to_bytes", "media_type"),
    [("mulaw", mulaw, "audio/basic"), ("alaw", alaw, "audio/x-alaw-basic")],
)
async def test_a_note_for_a_telephone_is_the_note_of_8_khz_companded(
    espeak: Server, audio_format: str, to_bytes: Callable[[Pcm], bytes], media_type: str
) -> None:
    async with httpx.AsyncClient(base_url=espeak.http_url, trust_env=False) as client:
        response = await client.post("/v1/notes", json={"text": TEXT, "format": audio_format})
        fields = {"text": TEXT, "format": "pcm", "sample_rate": 8_000}
        plain = (await client.post("/v1/notes", json=fields)).content
    assert response.content == to_bytes(np.frombuffer(plain, "<i2"))
    assert response.headers["content-type"] == media_type


async def test_a_note_in_aac_is_as_long_as_the_same_pcm(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/notes", json={"text": TEXT, "format": "aac"})
    assert response.headers["content-type"] == "audio/aac"
    with av.open(io.BytesIO(response.content), "r", format="aac") as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
    pcm = (await http.post("/v1/notes", json={"text": TEXT, "format": "pcm"})).content
    assert 0 <= samples - len(pcm) // 2 <= AAC_FRAMES * 1_024


async def test_a_streamed_wav_says_that_its_length_is_unknown(http: httpx.AsyncClient) -> None:
    content = (await http.post("/v1/notes", json={"text": TEXT})).content
    assert content[:4] == b"RIFF"
    assert content[4:8] == content[40:44] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_message"),
        (b"[]", 400, "bad_message"),
        (b"{}", 422, "bad_value"),
        (b'{"text": "  "}', 422, "bad_value"),
        (b'{"text": "x", "shout": 1}', 422, "bad_value"),
        (b'{"text": "x", "sample_rate": 1}', 422, "bad_value"),
        (b'{"text": "x", "format": "opus", "sample_rate": 44100}', 422, "bad_value"),
        (b'{"text": "x", "format": "mulaw", "sample_rate": 16000}', 422, "bad_value"),
        (b'{"text": "x", "format": "aac", "sample_rate": 8000}', 422, "bad_value"),
        (b'{"text": "x", "format": "ulaw"}', 422, "bad_value"),
        (b'{"text": "x", "voice": "nobody"}', 404, "unknown_voice"),
        (b'{"text": "x", "voice": ""}', 422, "bad_value"),
        (b'{"text": "x", "temperature": 1}', 422, "unsupported"),
        (b'{"text": "' + b"x" * 20_001 + b'"}', 413, "text_too_long"),
        (b" " * 300_000, 400, "bad_message"),
    ],
)
async def test_a_bad_note_is_a_problem_with_a_code(
    http: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    response = await http.post("/v1/notes", content=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)


async def test_the_request_id_comes_back(http: httpx.AsyncClient) -> None:
    given = await http.get("/livez", headers={"X-Request-Id": "abc"})
    assert given.headers["x-request-id"] == "abc"
    first, second = await http.get("/livez"), await http.get("/readyz")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_voices_are_listed_and_headed(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/v1/voices")).json()
    assert listed["default"] in [voice["id"] for voice in listed["voices"]]
    assert listed["aliases"]["alloy"] == listed["default"]
    headed = await http.head("/v1/voices")
    assert (headed.status_code, headed.content) == (200, b"")
    assert (await http.get("/v1/notes")).status_code == 405


async def test_other_origins_are_refused_by_default(http: httpx.AsyncClient) -> None:
    assert (await _preflight(http)).status_code == 403


async def test_an_allowed_origin_passes(one_place: Server) -> None:
    async with httpx.AsyncClient(base_url=one_place.http_url, trust_env=False) as client:
        answer = await _preflight(client)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


async def _preflight(client: httpx.AsyncClient) -> httpx.Response:
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    return await client.options("/v1/notes", headers=headers)


async def test_a_caller_that_vanishes_frees_its_place(one_place: Server) -> None:
    async with talking(one_place) as client:
        await client.send(opening(1, credit=0), m.Text(1, "x"), m.End(1))
        await client.expect(m.Blocked)
        client.socket.vanish()
    with anyio.fail_after(5):
        while not await _can_call(one_place):
            pass


async def _can_call(server: Server) -> bool:
    async with talking(server) as client:
        await client.send(opening(1), m.Text(1, "x"), m.End(1))
        (heard,) = await client.finish(1)
        return isinstance(heard.end, m.Done)


async def test_a_reader_that_vanishes_frees_its_note(one_place: Server) -> None:
    async with httpx.AsyncClient(base_url=one_place.http_url, trust_env=False) as client:
        body = {"text": "word " * 4_000, "format": "pcm"}
        async with client.stream("POST", "/v1/notes", json=body) as response:
            assert response.status_code == 200
            busy = await client.post("/v1/notes", json={"text": "x"})
            assert busy.status_code == 503
            assert 1 <= int(busy.headers["retry-after"]) <= MAX_RETRY_S
            assert busy.json()["code"] == "overloaded"
        with anyio.fail_after(5):
            while (await client.post("/v1/notes", json={"text": "x"})).status_code != 200:
                pass


@pytest.mark.parametrize("audio_format", list(AudioFormat))
async def test_text_without_a_sound_is_refused_in_every_format(
    espeak: Server, audio_format: AudioFormat
) -> None:
    async with httpx.AsyncClient(base_url=espeak.http_url, trust_env=False) as client:
        response = await client.post("/v1/notes", json={"text": "...", "format": audio_format})
    assert (response.status_code, response.json()["code"]) == (422, "bad_value")


@pytest.mark.slow
async def test_files_leave_no_threads_behind() -> None:
    with starting("server", "serve", "--model", "tone") as process:
        async with httpx.AsyncClient(
            base_url=process.server.http_url, trust_env=False, timeout=20
        ) as client:
            for number in range(30):
                fields = {"text": TEXT * 20, "format": "flac", "speed": 0.5 + number % 2}
                async with client.stream("POST", "/v1/notes", json=fields) as response:
                    assert response.status_code == 200
                    if number % 3 == 0:
                        await response.aread()
        assert process.num_threads < 20
