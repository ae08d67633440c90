"""Names that are set for voices: what each stands for must be there before anybody asks."""

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import UnknownVoice
from engine.runner import ModelInfo
from server.errors import RequestError
from server.setting_checks import SettingsError
from server.voices.store import VoiceStore


async def with_aliases(
    model: ModelInfo, aliases: Mapping[str, str], store: VoiceStore
) -> ModelInfo:
    """Return the model, its voices and the stored ones also known by `aliases`.

    A stored voice may be removed later; whoever asks for it then is told that there is none.

    Raises:
        SettingsError: there is no such voice, or the model cannot speak as a stored one.
    """
    for name, voice in aliases.items():
        try:
            await _check(voice, model, store)
        except (RequestError, UnknownVoice) as error:
            raise SettingsError(f"voice_aliases {name}={voice}: {error}") from error
    return replace(model, voices=model.voices.with_names(aliases))


async def _check(voice: str, model: ModelInfo, store: VoiceStore) -> None:
    if model.voices.owns(voice):
        model.voices.resolve(voice, None)
    elif model.encoder is None:
        raise UnknownVoice(f"{model.name} has no voice {voice!r}, and speaks as no stored one")
    else:
        await store.find(voice)
