"""The worked example of the specification: the messages that it shows, and what comes of them."""

import json
import re
from collections import deque
from dataclasses import dataclass
from typing import cast

from protocol import messages as m
from protocol.connection import Connection, Role
from protocol.errors import LocalProtocolError
from protocol.schema import CLIENT_SCHEMAS, SERVER_SCHEMAS
from tests.protocol.diagram import README
from tests.protocol.pairs import ServerConnection

_LINE = re.compile(r"^(client|server)  (\w+) *(.*?)(?: +# .*)?$", re.MULTILINE)
_FIELD = re.compile(r"(\w+)=(\"[^\"]*\"|\S+)")


@dataclass(frozen=True)
class Step:
    """A message, and how the client has counted once it was sent or received."""

    sender: Role
    type: str
    message: m.ClientMessage | m.ServerMessage
    ignored: bool
    #: Samples granted and sent, of the stream that the message belongs to.
    granted: int | None
    sent: int | None


def messages() -> list[tuple[Role, str, m.ClientMessage | m.ServerMessage]]:
    """Read the example; `pcm` stands there as its number of samples."""
    example = README.read_text(encoding="utf-8").split("## A worked example")[1].split("```")[1]
    found = []
    for sender, type_name, rest in _LINE.findall(example):
        fields = {key: json.loads(value) for key, value in _FIELD.findall(rest)}
        if "pcm" in fields:
            fields["pcm"] = bytes(2 * fields["pcm"])
        schema = (CLIENT_SCHEMAS if sender == "client" else SERVER_SCHEMAS)[type_name]
        found.append((Role(sender), type_name, schema.read(fields)))
    assert len(found) == len(example.strip().splitlines())
    return found


def replay() -> list[Step]:
    """Have two connections say the example to each other, in the order that the client sees.

    The server hears each message as late as it can: just before it says what needs it.
    """
    client, server = Connection(Role.CLIENT), Connection(Role.SERVER)
    under_way: deque[bytes] = deque()
    steps = []
    for sender, type_name, message in messages():
        ignored = False
        if sender is Role.CLIENT:
            under_way.append(client.send(cast("m.ClientMessage", message)))
        else:
            ignored = not client.receive(_said(server, cast("m.ServerMessage", message), under_way))
        number = getattr(message, "stream", None)
        window = client.credit(number) if number in client.streams else None
        counts = (window.granted, window.sent) if window else (None, None)
        steps.append(Step(sender, type_name, message, ignored, *counts))
    return steps


def _said(server: ServerConnection, message: m.ServerMessage, under_way: deque[bytes]) -> bytes:
    while True:
        try:
            return server.send(message)
        except LocalProtocolError:
            if not under_way:
                raise
            server.receive(under_way.popleft())
