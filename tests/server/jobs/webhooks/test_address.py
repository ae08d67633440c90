"""No webhook leads into our own network, however its address is written or looked up."""

import socket
from contextlib import suppress
from typing import Any

import anyio
import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.jobs.webhooks.address import AddressRefused, PublicBackend, check_url

PRIVATE = [
    "127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "10.1.2.3", "172.16.0.1",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fec0::1]",
    "[64:ff9b:1::a00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[5f00::1]", "[ff02::1]",
    "localhost", "a.localhost", "LOCALHOST",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(ValueError, match="public"):
        check_url(f"http://{host}:8080/hook", allows_private=False)
    assert check_url(f"http://{host}:8080/hook", allows_private=True)


@pytest.mark.parametrize(
    "url", ["https://example.com/hook", "http://8.8.8.8:81/", "https://[2606:4700::1111]/a?b=c"]
)
def test_a_public_address_passes(url: str) -> None:
    assert check_url(url, allows_private=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com", "ftp://example.com", "file:///etc/passwd", "http://",
        "http://a b/", "http://exa\nmple.com", "http://ex\u00e4mple.com", "http://[::1", "http://a:99999",
        "https://u:p@example.com", "https://u@example.com", "http://e.com/" + "x" * 2_048,
    ],
)  # fmt: skip
def test_what_is_no_address_of_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        check_url(url, allows_private=True)


@given(st.text())
def test_whatever_is_sent_passes_or_is_a_value_error(url: str) -> None:
    with suppress(ValueError):
        assert check_url(url, allows_private=False) == url


@pytest.mark.anyio
@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["fe80::1%lo"]])
async def test_a_name_that_leads_inside_is_not_followed(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = []

    async def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        lookups.append(host)
        return [(0, 0, 0, "", (address, port)) for address in found]

    monkeypatch.setattr("anyio.getaddrinfo", look_up)
    with pytest.raises(AddressRefused):
        await PublicBackend(allows_private=False).connect_tcp("innocent.example", 80, timeout=1)
    assert lookups == ["innocent.example"]


@pytest.mark.anyio
async def test_what_is_connected_to_is_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    connected = []

    async def look_up(_: str, port: int, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, 0, 0, "", (address, port)) for address in next(answers)]

    async def connect(host: str, port: int, **_: object) -> httpcore.AsyncNetworkStream:
        connected.append((host, port))
        return httpcore.AsyncMockStream([])

    monkeypatch.setattr("anyio.getaddrinfo", look_up)
    backend = PublicBackend(allows_private=False)
    monkeypatch.setattr(backend._backend, "connect_tcp", connect)
    with anyio.fail_after(5):
        await backend.connect_tcp("rebinding.example", 443, timeout=1)
    assert connected == [("93.184.216.34", 443)]


@pytest.mark.anyio
async def test_a_name_that_nobody_has_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror

    monkeypatch.setattr("anyio.getaddrinfo", look_up)
    with pytest.raises(httpcore.ConnectError):
        await PublicBackend(allows_private=False).connect_tcp("nobody.invalid", 80, timeout=5)
