"""The listening socket. Options set on it are those of every connection it accepts."""

import socket
from typing import Any

from server.transport.descriptors import allow_most_descriptors

#: A thousand clients that connect at once wait in this queue; with the usual 100 most of them
#: would be refused and come again seconds later.
BACKLOG = 4_096
#: What the kernel holds unsent for one connection. By default it grows to 4 MB, which is more than
#: a minute of speech: an interruption would wait behind it, and a stalled reader would cost it.
NOTSENT_LOWAT_BYTES = 16_384
#: A peer that acknowledges nothing for this long is gone.
USER_TIMEOUT_S = 20
#: A silent peer is asked this often whether it still exists. Together with `USER_TIMEOUT_S` a peer
#: whose cable was cut is known to be gone within two of these.
KEEPALIVE_S = 20


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen, so that a port in use is said before anything else happens.

    `host` is a name or an address; one of IPv6 may stand in brackets, as in a URL.

    Raises:
        OSError: the address cannot be had; the message names it.
    """
    host = host.strip("[]")
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return _listen(*_resolve(host, port))
    except UnicodeError as error:
        raise OSError(f"cannot listen on {at}: no host has such a name") from error
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {at}: {error.strerror}") from error


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Return what to bind to: by IPv4 where a name has both, since all its clients try that."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


def _listen(family: socket.AddressFamily, address: Any) -> socket.socket:  # noqa: ANN401 by family
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _TCP_OPTIONS.items():
        # Not every system has each of them.
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    allow_most_descriptors()
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    # Now, not when the server is up: who reads that it is ready may connect at once.
    listener.listen(BACKLOG)
    return listener


_TCP_OPTIONS = {
    "TCP_NODELAY": 1,
    "TCP_NOTSENT_LOWAT": NOTSENT_LOWAT_BYTES,
    "TCP_USER_TIMEOUT": USER_TIMEOUT_S * 1_000,
    "TCP_KEEPIDLE": KEEPALIVE_S,
    "TCP_KEEPINTVL": KEEPALIVE_S,
}
