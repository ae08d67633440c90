"""Who may ask, and the name of the question."""

import pytest
from starlette.types import ASGIApp, Message

from server.app import create_app
from server.service import Service
from tests.helpers.asgi import calling, http_scope
from tests.helpers.virtual_engine_thread import VirtualEngineThread

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1:8080"


def app(*origins: str, hosts: tuple[str, ...] = ()) -> ASGIApp:
    engine = VirtualEngineThread()
    return create_app(
        Service(engine.client),
        is_alive=lambda: engine.is_alive,
        allowed_hosts=hosts,
        allowed_origins=origins,
    )


async def ask(
    asgi: ASGIApp, method: str = "GET", *, scheme: str = "http", **headers: str
) -> tuple[int, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {**http_scope(method, "/v1/voices", named), "scheme": scheme}
    async with calling(asgi, scope) as call:
        call.put(type="http.request", body=b"", more_body=False)
        start = await call.get()
    return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", HOST),
        ("null", HOST),
        ("http://127.0.0.1:9999", HOST),
        ("http://127.0.0.1", HOST),
        ("http://rebound.example:8080", "rebound.example:8080"),
        ("file://", HOST),
        (f"https://{HOST}", HOST),
        (f"ftp://{HOST}", HOST),
        (f"http://a@{HOST}", HOST),
        ("http://[::1", "[::1"),
    ],
)
async def test_a_page_from_elsewhere_is_refused(origin: str, host: str) -> None:
    assert (await ask(app(), origin=origin, host=host))[0] == 403


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (f"http://{HOST}", HOST),
        ("http://localhost:8080", "localhost:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
async def test_a_page_of_this_server_passes(origin: str, host: str) -> None:
    assert (await ask(app(), origin=origin, host=host))[0] == 200


async def test_a_page_over_tls_is_of_the_server_that_speaks_tls() -> None:
    assert (await ask(app(), scheme="https", origin=f"https://{HOST}"))[0] == 200
    assert (await ask(app(), scheme="https", origin=f"http://{HOST}"))[0] == 403


@pytest.mark.parametrize(
    "host", ["rebound.example", "rebound.example:8080", "localhost.rebound.example", "", "[::1"]
)
@pytest.mark.parametrize("hosts", [(), ("tts.example",)])
async def test_a_name_that_is_not_ours_is_refused(host: str, hosts: tuple[str, ...]) -> None:
    assert (await ask(app(hosts=hosts), host=host))[0] == 403


@pytest.mark.parametrize(
    "host",
    ["10.0.0.7", "10.0.0.7:8080", "[fe80::1]:8080", "localhost", "LOCALHOST:8080", "TTS.example:1"],
)
async def test_addresses_and_names_that_are_ours_pass(host: str) -> None:
    assert (await ask(app(hosts=("tts.example",)), host=host))[0] == 200


async def test_any_name_may_be_ours_but_its_pages_are_not() -> None:
    asgi = app(hosts=("*",))
    assert (await ask(asgi, host="voxline.speech.svc:8080"))[0] == 200
    rebound = {"host": "rebound.example", "origin": "http://rebound.example"}
    assert (await ask(asgi, **rebound))[0] == 403


async def test_a_page_of_a_name_that_is_ours_passes() -> None:
    asgi = app(hosts=("tts.example",))
    assert (await ask(asgi, host="tts.example", origin="http://tts.example"))[0] == 200
    assert (await ask(asgi, host=HOST, origin="http://tts.example"))[0] == 403


async def test_a_program_passes_and_is_told_nothing_of_origins() -> None:
    status, headers = await ask(app())
    assert status == 200
    assert "access-control-allow-origin" not in headers


async def test_an_allowed_origin_passes_and_no_other() -> None:
    asgi = app("https://a.example")
    status, headers = await ask(asgi, origin="https://a.example")
    assert (status, headers["access-control-allow-origin"]) == (200, "https://a.example")
    assert (await ask(asgi, origin="https://b.example"))[0] == 403


async def test_an_allowed_origin_may_ask_what_it_may_send() -> None:
    status, headers = await ask(
        app("https://a.example"),
        "OPTIONS",
        origin="https://a.example",
        access_control_request_method="POST",
        access_control_request_headers="content-type",
    )
    assert status == 200
    assert "POST" in headers["access-control-allow-methods"]


async def test_a_fault_is_told_with_its_id_to_who_may_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("server.voices.endpoint._own", broken)
    started: list[Message] = []

    async def ask_in_vain() -> None:
        headers = {"origin": "https://a.example", "x-request-id": "abc"}
        scope = http_scope("GET", "/v1/voices", headers)
        async with calling(app("https://a.example"), scope) as call:
            call.put(type="http.request", body=b"", more_body=False)
            started.append(await call.get())

    # Starlette answers, and then raises again for the server's log.
    with pytest.raises(ExceptionGroup):
        await ask_in_vain()
    assert started[0]["status"] == 500
    returned = dict(started[0]["headers"])
    assert returned[b"x-request-id"] == b"abc"
    assert returned[b"access-control-allow-origin"] == b"https://a.example"


async def test_a_request_id_is_returned() -> None:
    assert (await ask(app(), x_request_id="abc-123"))[1]["x-request-id"] == "abc-123"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "tab\there", "new\nline", "\x7f"])
async def test_a_request_id_that_could_hurt_a_log_is_replaced(given: str) -> None:
    returned = (await ask(app(), x_request_id=given))[1]["x-request-id"]
    assert returned != given
    assert returned.isalnum()
