"""The voices that are not the model's own: recordings that come with a request, or are stored."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from anyio import to_thread

from engine.cloning import EncodedReference, ReferenceEncoder
from engine.errors import Unsupported
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.cache import ReferenceCache
from server.voices.cloner import Cloner, Decode
from server.voices.recording import check_reference, decoded
from server.voices.request import NewVoice
from server.voices.store import NoVoiceStore, StoredVoice, VoiceStore, digest_of, unknown

#: A minute of speech is 100 KB of codes: ten hours of voices.
MAX_CACHED_BYTES = 64 << 20
#: Of an id that is drawn: nobody guesses one, and none is drawn twice.
_ID_BYTES = 16


class VoiceLibrary:
    """Finds and keeps voices, and has them made."""

    def __init__(
        self,
        store: VoiceStore | None = None,
        decode: Decode = decoded,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep voices in `store`, if there is one, and have recordings decoded by `decode`.

        `clock` says when, in seconds since 1970.
        """
        self.store = store or NoVoiceStore()
        self._clock = clock
        self._cache = ReferenceCache(MAX_CACHED_BYTES)
        self._sent = Cloner(self._cache, decode)
        # Whatever anybody sends, a stored voice waits for other stored ones alone.
        self._stored = Cloner(self._cache, decode)

    async def find(self, wanted: Reference | str, model: ModelInfo) -> Reference | StoredVoice:
        """Return a recording that may be cloned, or the stored voice of an id.

        Raises:
            RequestError: `unknown_voice`, `bad_value`, `unsupported`, or `internal` by the store.
        """
        found = await self.store.find(wanted) if isinstance(wanted, str) else wanted
        _encoder(model)
        return check_reference(found) if isinstance(found, Reference) else found

    async def clone(
        self, found: Iterable[Reference | StoredVoice], model: ModelInfo
    ) -> tuple[EncodedReference, ...]:
        """Return what makes up the one voice of what `find` has returned.

        Raises:
            RequestError: `bad_value`, `unsupported`, `overloaded`, or `unknown_voice` or `internal`
                by the store.
        """
        encoder = _encoder(model)
        cloned = tuple([await self._clone(each, encoder) for each in found])
        # One alone was checked when it was encoded.
        if len(cloned) > 1:
            try:
                await to_thread.run_sync(encoder.check, cloned)
            except Unsupported as error:
                raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
        return cloned

    async def stored(self, model: ModelInfo) -> list[StoredVoice]:
        """Return the stored voices that the model can speak with, by id.

        Raises:
            RequestError: `internal` by the store.
        """
        return [] if model.encoder is None else await self.store.voices()

    async def find_stored(self, voice_id: str, model: ModelInfo) -> StoredVoice:
        """Return one of them.

        Raises:
            RequestError: `unknown_voice`, or `internal` by the store.
        """
        if model.encoder is None:
            raise unknown(voice_id)
        return await self.store.find(voice_id)

    async def add(self, asked: NewVoice, model: ModelInfo) -> StoredVoice:
        """Store a voice, once it is made: what is stored can be spoken with.

        Raises:
            RequestError: `bad_state`, `bad_value`, `unsupported`, `overloaded`, or what the store
                raises: `quota`, `internal`.
        """
        encoder = _encoder(model)
        reference = check_reference(asked.reference)
        voice_id = asked.id or secrets.token_hex(_ID_BYTES)
        _check_free(voice_id, model)
        await self.store.check(voice_id, len(reference.audio))
        digest = await to_thread.run_sync(digest_of, reference)
        await self._sent.clone(digest, reference, encoder)
        now_s = self._clock()
        voice = StoredVoice(
            voice_id, asked.name or voice_id, digest, asked.details, now_s, now_s, asked.lexicon
        )
        await self.store.add(voice, reference)
        return voice

    async def change(
        self, voice_id: str, change: Callable[[StoredVoice], StoredVoice], model: ModelInfo
    ) -> StoredVoice:
        """Keep what `change` makes of what people are told of a stored voice.

        Raises:
            RequestError: `unknown_voice`, or what the store raises: `quota`, `internal`.
        """
        voice = change(await self.find_stored(voice_id, model))
        voice = replace(voice, updated_s=self._clock())
        await self.store.update(voice)
        return voice

    async def rename(self, voice_id: str, new_id: str, model: ModelInfo) -> StoredVoice:
        """Give a stored voice another id. It has both for a moment, and counts twice then.

        Raises:
            RequestError: `unknown_voice`, `bad_state`, or what the store raises: `quota`,
                `internal`.
        """
        voice = await self.find_stored(voice_id, model)
        _check_free(new_id, model)
        renamed = replace(voice, id=new_id, updated_s=self._clock())
        await self.store.add(renamed, await self.store.reference(voice))
        await self.store.remove(voice_id)
        return renamed

    async def _clone(
        self, found: Reference | StoredVoice, encoder: ReferenceEncoder
    ) -> EncodedReference:
        if isinstance(found, StoredVoice):
            return await self._clone_stored(found, encoder)
        digest = await to_thread.run_sync(digest_of, found)
        return await self._sent.clone(digest, found, encoder)

    async def _clone_stored(
        self, voice: StoredVoice, encoder: ReferenceEncoder
    ) -> EncodedReference:
        found = self._cache.get(voice.digest)
        if found is not None:
            return found
        return await self._stored.clone(voice.digest, await self.store.reference(voice), encoder)


def _encoder(model: ModelInfo) -> ReferenceEncoder:
    if model.encoder is None:
        raise RequestError(ErrorCode.UNSUPPORTED, f"{model.name} cannot clone a voice")
    return model.encoder


def _check_free(voice_id: str, model: ModelInfo) -> None:
    if model.voices.owns(voice_id) or voice_id in model.voices.aliases:
        raise RequestError(ErrorCode.BAD_STATE, f"{model.name} has a voice {voice_id!r}")
