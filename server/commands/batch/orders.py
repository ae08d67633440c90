"""What is asked for: for each script a note, with an identity that its text and parameters give."""

import argparse
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.commands.batch.scripts import Script, read_text
from server.commands.speech_arguments import VOICE_FLAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A note of a batch."""

    script: Script
    #: Of all that decides how it sounds: what is made of the same is not made again.
    digest: str
    #: Whoever asks again with it asks for the same note, and not for another one.
    key: str


@dataclass(frozen=True, slots=True)
class Request:
    """An order, and the fields of `POST /v1/notes` by which it is placed."""

    order: Order
    fields: Mapping[str, Any]


class OrderForm:
    """Makes orders of scripts, all with the parameters of one command line."""

    def __init__(self, flags: argparse.Namespace, model: str) -> None:
        """Order what `flags` say; `model` is the one that is known to speak, if it is."""
        given = {name: getattr(flags, name) for name in VOICE_FLAGS}
        self._spoken = {name: value for name, value in given.items() if value is not None}
        self._spoken["format"] = flags.format
        if flags.normalize:
            self._spoken["normalize"] = True
        self._priority = flags.priority
        self.model = model

    def request(self, script: Script) -> Request:
        """Read a script, and ask for it.

        Raises:
            Unusable: see `read_text`.
        """
        spoken = {**self._spoken, "text": read_text(script.source)}
        digest = _digest(self.model, spoken)
        # Of a name that is not UTF-8, the bytes.
        name = os.fsencode(script.target.name).hex()
        order = Order(script=script, digest=digest, key=_digest(name, digest, self._priority))
        return Request(order, {**spoken, "priority": self._priority})


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
