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

    def __init__(self, store: VoiceStore | None = None, cloner: Cloner | None = None) -> None:
        """Keep voices in `store`, if there is one, and have them made by `cloner`."""
        self.store = store or NoVoiceStore()
        self._cloner = cloner or Cloner()

    def must_resolve(self, parameters: Parameters, model: ModelInfo) -> bool:
        """Tell whether a request names a voice that is not the model's own."""
        if parameters.reference is not None:
            return True
        return parameters.voice is not None and not model.voices.has(parameters.voice)

    async def resolve(self, parameters: Parameters, model: ModelInfo) -> Parameters:
        """Return the parameters with the voice made, if it is one of a recording.

        Raises:
            RequestError: `bad_value`, `unsupported`, `overloaded`.
        """
        reference, voice_id = parameters.reference, parameters.voice
        cloned: EncodedReference | None = None
        if reference is not None:
            if voice_id is not None:
                raise RequestError(ErrorCode.BAD_VALUE, "voice and reference exclude each other")
            cloned = await self._clone(reference, model)
        elif voice_id is not None and not model.voices.has(voice_id):
            cloned = await self._stored(voice_id, model)
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
        # Said before the work; the store has the last word.
        if model.voices.has(voice_id) or await self._find(voice_id) is not None:
            raise RequestError(ErrorCode.BAD_STATE, f"there is a voice {voice_id!r}")
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
        voice = await self._find(voice_id)
        if voice is None:
            return None

        async def read() -> Reference:
            return await self.store.reference(voice)

        return await self._cloner.clone(voice.digest, read, _encoder(model))

    async def _find(self, voice_id: str) -> StoredVoice | None:
        try:
            return await self.store.find(voice_id)
        except RequestError as error:
            if error.code is ErrorCode.UNKNOWN_VOICE:
                return None
            raise


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
