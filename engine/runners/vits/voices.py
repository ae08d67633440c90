"""The voices of a checkpoint: one, or one for each speaker."""

from engine.voices import DEFAULT_VOICE, Voice, VoiceCatalogue


def catalogue(num_speakers: int, languages: tuple[str, ...]) -> VoiceCatalogue:
    """Return the voices; those of several speakers are named by their numbers, from `0` on."""
    if num_speakers == 1:
        voices = [Voice(DEFAULT_VOICE, "The checkpoint's voice", languages)]
    else:
        voices = [Voice(str(n), f"Speaker {n}", languages) for n in range(num_speakers)]
    return VoiceCatalogue(voices, default=voices[0].id)


def speaker_of(voice: str) -> int | None:
    """Return the number of a voice's speaker, None where there is only one."""
    return None if voice == DEFAULT_VOICE else int(voice)
