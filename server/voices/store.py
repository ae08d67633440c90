"""The seam of stored voices: what every place they are kept in can do."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError

#: Of people and products; it is shown in lists.
MAX_NAME_CHARS = 200
#: A page of text.
MAX_DESCRIPTION_CHARS = 2_000
#: More than anybody looks voices up by.
MAX_TAGS, MAX_TAG_CHARS = 32, 64


@dataclass(frozen=True, slots=True)
class VoiceDetails:
    """What people are told of a voice beside its name. Nothing follows from it."""

    description: str = ""
    tags: tuple[str, ...] = ()
    #: A word of Fish's: whoever may connect may speak with any voice.
    visibility: str = "private"


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """A voice without its recording.

    `digest` is that of its reference: voices of equal digests are the same voice. Times are in
    seconds since 1970. By `lexicon` it says words of every text that it speaks.
    """

    id: str
    name: str
    digest: str
    details: VoiceDetails = VoiceDetails()
    created_s: float = 0.0
    updated_s: float = 0.0
    lexicon: Mapping[str, str] = field(default_factory=dict)


class VoicesUnreachable(RequestError):
    """The place of stored voices cannot be reached: no fault of the request, and it may pass."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.INTERNAL, "the stored voices cannot be reached")


class VoiceStore(Protocol):
    """A place where voices are kept.

    A voice is added whole, and removed. Its recording never changes; what people are told of it
    may. Of several that add the same id at once, one succeeds. What is damaged is as good as not
    there. Each method may also raise `VoicesUnreachable`.
    """

    async def check(self, voice_id: str, num_bytes: int) -> None:
        """Say before any work what `add` says of such a voice; that has the last word.

        Raises:
            RequestError: see `add`.
        """
        ...

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        """Keep a voice, durably, or not at all.

        Raises:
            RequestError: `bad_state`: there is one of this id. `quota`: the store, or the place it
                is in, is full. `unsupported`: it keeps none.
        """
        ...

    async def voices(self) -> list[StoredVoice]:
        """Return all of them, by id."""
        ...

    async def find(self, voice_id: str) -> StoredVoice:
        """Return one.

        Raises:
            RequestError: `unknown_voice`.
        """
        ...

    async def reference(self, voice: StoredVoice) -> Reference:
        """Return a voice's recording, and what is said in it.

        Raises:
            RequestError: `unknown_voice`: it was removed since it was found, or is damaged.
        """
        ...

    async def update(self, voice: StoredVoice) -> None:
        """Keep a voice as it is told here: all but its id and its digest may be others.

        Of several at once the last stands, whole.

        Raises:
            RequestError: `unknown_voice`: it was removed since it was found, or is damaged.
                `quota`: the place that the store is in is full.
        """
        ...

    async def remove(self, voice_id: str) -> None:
        """Forget a voice, damaged or not.

        Raises:
            RequestError: `unknown_voice`.
        """
        ...


class NoVoiceStore:
    """Where nothing is kept."""

    async def check(self, voice_id: str, num_bytes: int) -> None:
        """Refuse: see `VoiceStore`."""
        del voice_id, num_bytes
        raise RequestError(ErrorCode.UNSUPPORTED, "this server keeps no voices")

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        """Refuse: see `VoiceStore`."""
        await self.check(voice.id, len(reference.audio))

    async def voices(self) -> list[StoredVoice]:
        """Return none."""
        return []

    async def find(self, voice_id: str) -> StoredVoice:
        """Find none: see `VoiceStore`."""
        raise unknown(voice_id)

    async def reference(self, voice: StoredVoice) -> Reference:
        """Find none: see `VoiceStore`."""
        raise unknown(voice.id)

    async def update(self, voice: StoredVoice) -> None:
        """Find none: see `VoiceStore`."""
        raise unknown(voice.id)

    async def remove(self, voice_id: str) -> None:
        """Find none: see `VoiceStore`."""
        raise unknown(voice_id)


def unknown(voice_id: str) -> RequestError:
    """Return what a store raises of a voice that is not there."""
    return RequestError(ErrorCode.UNKNOWN_VOICE, f"no voice {voice_id!r}")


def digest_of(reference: Reference) -> str:
    """Return what tells references apart; hashing the largest takes a hundredth of a second."""
    digest = hashlib.sha256(hashlib.sha256(reference.audio).digest())
    digest.update(reference.text.encode())
    return digest.hexdigest()
