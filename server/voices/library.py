"""The voices that are not the model's own: recordings that come with a request, or are stored."""

from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from engine.cloning import EncodedReference, ReferenceEncoder
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.parameters import Parameters
from server.setting_checks import SettingsError
from server.voices.cloner import Cloner
from server.voices.folder import FolderVoiceStore
from server.voices.recording import check_reference
from server.voices.store import NoVoiceStore, StoredVoice, VoiceStore, digest_of

#: The folder within the one for all that is kept.
_VOICES = "voices"


class VoiceLibrary:
    """Finds and keeps voices, and has them made."""

    def __init__(self, store: VoiceStore | None = None) -> None:
        """Keep voices in `store`, if there is one."""
        self.store = store or NoVoiceStore()
        self._cloner = Cloner()

    def is_asked(self, parameters: Parameters, model: ModelInfo) -> bool:
        """Tell whether a request names a voice that is not the model's own."""
        if parameters.reference is not None:
            return True
        return parameters.voice is not None and not model.voices.has(parameters.voice)

    async def resolve(self, parameters: Parameters, model: ModelInfo) -> Parameters:
        """Return the parameters with the voice made, if it is one of a recording.

        Raises:
            RequestError: `bad_value`, `unsupported`, `overloaded`.
        """
        if not self.is_asked(parameters, model):
            return parameters
        if parameters.reference is None:
            cloned = await self._stored(parameters.voice or "", model)
        elif parameters.voice is None:
            cloned = await self._clone(parameters.reference, model)
        else:
            raise RequestError(ErrorCode.BAD_VALUE, "voice and reference exclude each other")
        if cloned is None:
            return parameters
        return replace(parameters, voice=None, reference=None, cloned=cloned)

    async def add(
        self, voice_id: str, name: str, reference: Reference, model: ModelInfo
    ) -> StoredVoice:
        """Store a voice, once it is made: what is stored can be spoken with.

        Raises:
            RequestError: `bad_state`, `bad_value`, `unsupported`, `overloaded`, `quota`.
        """
        encoder = _encoder(model)
        reference = check_reference(reference)
        if model.voices.has(voice_id):
            raise RequestError(ErrorCode.BAD_STATE, f"the model has a voice {voice_id!r} itself")
        voice = StoredVoice(voice_id, name, await to_thread.run_sync(digest_of, reference))
        await self._made(voice.digest, reference, encoder)
        await self.store.add(voice, reference)
        return voice

    async def _clone(self, reference: Reference, model: ModelInfo) -> EncodedReference:
        encoder = _encoder(model)
        reference = check_reference(reference)
        digest = await to_thread.run_sync(digest_of, reference)
        return await self._made(digest, reference, encoder)

    async def _made(
        self, digest: str, reference: Reference, encoder: ReferenceEncoder
    ) -> EncodedReference:
        async def read() -> Reference:
            return reference

        return await self._cloner.clone(digest, read, encoder)

    async def _stored(self, voice_id: str, model: ModelInfo) -> EncodedReference | None:
        """Return a stored voice; None where there is none, which the catalogue knows to say."""
        try:
            voice = await self.store.find(voice_id)
        except RequestError as error:
            if error.code is ErrorCode.UNKNOWN_VOICE:
                return None
            raise

        async def read() -> Reference:
            return await self.store.reference(voice_id)

        return await self._cloner.clone(voice.digest, read, _encoder(model))


def _encoder(model: ModelInfo) -> ReferenceEncoder:
    if model.encoder is None:
        raise RequestError(ErrorCode.UNSUPPORTED, f"{model.name} cannot clone a voice")
    return model.encoder


def open_library(data_dir: str) -> VoiceLibrary:
    """Return the library of the setting `data_dir`.

    Raises:
        SettingsError: it lies in a home that nobody knows.
    """
    if not data_dir:
        return VoiceLibrary()
    try:
        folder = Path(data_dir).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"data_dir {data_dir}: {error}") from error
    return VoiceLibrary(FolderVoiceStore(folder / _VOICES))
