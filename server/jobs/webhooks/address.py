"""Addresses that strangers give us to call: none of them may lead into our own network.

A name is resolved once, its address is checked, and that very address is connected to: one that is
resolved again may be another (DNS rebinding).
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import anyio
import httpcore

#: More is no address that anybody has written.
MAX_CHARS = 2_048


class AddressRefused(Exception):
    """Nothing is sent there. The message says why."""


def check_url(url: str, *, allows_private: bool) -> str:
    """Return a URL that may be called, as far as can be told without looking its name up.

    Raises:
        ValueError: it may not.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a URL") from None
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_CHARS:
        raise ValueError(f"must be a URL of up to {MAX_CHARS} characters of ASCII")
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("must be a URL of http or https")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must have no user and no password: it is kept, and shown to operators")
    if not allows_private and _is_private_literal(host):
        raise ValueError("must be a public address")
    return url


class PublicBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses alone, unless it `allows_private` ones."""

    def __init__(self, *, allows_private: bool) -> None:
        self._allows_private = allows_private
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the address that `host` has now.

        Raises:
            AddressRefused: it is not public.
            httpcore.ConnectError, httpcore.ConnectTimeout: there is nobody.
        """
        with anyio.move_on_after(timeout):
            return await self._backend.connect_tcp(
                await self._address(host, port),
                port,
                timeout=timeout,
                local_address=local_address,
                socket_options=socket_options,
            )
        raise httpcore.ConnectTimeout

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    async def _address(self, host: str, port: int) -> str:
        try:
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"no address for {host}") from error
        addresses = [str(sockaddr[0]) for *_, sockaddr in found]
        if not self._allows_private and not all(map(_is_public, map(ip_address, addresses))):
            raise AddressRefused(f"{host} is not a public address")
        return addresses[0]


def _is_private_literal(host: str) -> bool:
    """Tell whether a host is an address, in any of its spellings, that is not public."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # As the system would read it: 0x7f.1 and 2130706433 are addresses, too.
        found = ip_address(socket.inet_aton(host)) if ":" not in host else ip_address(host)
    except (OSError, ValueError):
        return False
    return not _is_public(found)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return _is_public(inner)
        # NAT64 (RFC 6052) leads to the IPv4 address in its last bytes.
        if address.packed.startswith(_NAT64):
            return _is_public(IPv4Address(address.packed[-4:]))
        # Nothing else is routed for everybody, whatever it was registered for.
        return address in _GLOBAL_UNICAST and address.is_global
    return address.is_global and not address.is_multicast


_NAT64 = bytes.fromhex("0064ff9b0000000000000000")
#: RFC 4291, 2.4, as far as it was given out (RFC 3513, 4).
_GLOBAL_UNICAST = IPv6Network("2000::/3")
