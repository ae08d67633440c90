"""The voices of a model, and how a request names one of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import UnknownVoice

#: Ids on the wire, without the `+` that sets off a variant. They name files and travel in URLs.
VOICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,127}")
#: The name by which a client asks for whatever voice the model thinks best.
DEFAULT_VOICE = "default"
#: Other names for it, by which clients ask that were made for other servers and know no others:
#: the stock voices of OpenAI, and what LiveKit's plugin for Fish asks for when it is told nothing.
ALIASES = (
    DEFAULT_VOICE,
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
    "shimmer", "verse",
    "933563129e564b19a115bedd57b7406a",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice: its id, a readable name, the BCP 47 languages it speaks, best first."""

    id: str
    name: str
    languages: tuple[str, ...]


class VoiceCatalogue:
    """The voices of one model, with the variants (`id+variant`) that colour each of them.

    Immutable, so any thread may ask it.
    """

    def __init__(
        self,
        voices: Sequence[Voice],
        *,
        default: str,
        variants: Sequence[str] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Hold `voices`; `default` is the id used where a request names none.

        `names` are more aliases, or other ones: each goes before a voice of that name, and stands
        for a voice of the model, with or without a variant, or for one that it does not know.
        """
        self._voices: Mapping[str, Voice] = {voice.id: voice for voice in voices}
        self._variants = frozenset(variants)
        self._names = dict(names or {})
        self.default = self._voices[default]

    def __iter__(self) -> Iterator[Voice]:
        """Iterate over the voices, without their variants."""
        return iter(self._voices.values())

    def __len__(self) -> int:
        """Count the voices, without their variants."""
        return len(self._voices)

    @property
    def variants(self) -> frozenset[str]:
        """The variants that may follow a voice's id after a `+`."""
        return self._variants

    @property
    def aliases(self) -> Mapping[str, str]:
        """The id behind each alias. A voice of the model's own that has a stock name keeps it."""
        stock = {name: self.default.id for name in ALIASES if name not in self._voices}
        return stock | self._names

    def with_names(self, names: Mapping[str, str]) -> "VoiceCatalogue":
        """Return the same voices under other names, or under more of them."""
        return VoiceCatalogue(
            list(self), default=self.default.id, variants=list(self._variants), names=names
        )

    def behind(self, name: str | None) -> str | None:
        """Return the name behind one of `names`, variant and all; any other as it is.

        Without a name it is what `default` stands for, if that is one of them.
        """
        base, plus, variant = (DEFAULT_VOICE if name is None else name).partition("+")
        return f"{self._names[base]}{plus}{variant}" if base in self._names else name

    def owns(self, name: str) -> bool:
        """Tell whether `name`, without its variant, is the id of a voice."""
        return name.partition("+")[0] in self._voices

    def has(self, name: str) -> bool:
        """Tell whether `name`, without its variant, is a voice or a stock alias of one."""
        return self.owns(name) or name.partition("+")[0] in ALIASES

    def resolve(self, name: str | None, language: str | None) -> str:
        """Return the id to put in a `SynthesisRequest`.

        Without a name, or with an alias, the language chooses; a voice that is named must speak it.

        Raises:
            UnknownVoice: no voice has that name, or none (or not this one) speaks that language.
        """
        base, _, variant = (DEFAULT_VOICE if name is None else name).partition("+")
        if variant and variant not in self._variants:
            raise UnknownVoice(f"no voice variant {variant!r}")
        voice = self._find(base, language)
        return f"{voice.id}+{variant}" if variant else voice.id

    def languages(self, voice_id: str) -> tuple[str, ...]:
        """Return the languages of a voice, by an id that was resolved, best first."""
        return self._voices[voice_id.partition("+")[0]].languages

    def _find(self, base: str, language: str | None) -> Voice:
        voice = self._voices.get(base)
        if voice is None:
            if base not in ALIASES:
                raise UnknownVoice(f"no voice {base!r}")
            return self.default if language is None else self._speaker(language)
        if language is not None and not _speaks(voice, language):
            raise UnknownVoice(f"voice {base!r} does not speak {language!r}")
        return voice

    def _speaker(self, language: str) -> Voice:
        candidates = [self.default, *self._voices.values()]
        exact = (v for v in candidates if language.lower() in map(str.lower, v.languages))
        voice = next(exact, None) or next((v for v in candidates if _speaks(v, language)), None)
        if voice is None:
            raise UnknownVoice(f"no voice speaks {language!r}")
        return voice


def _speaks(voice: Voice, language: str) -> bool:
    wanted = language.lower()
    primary = wanted.partition("-")[0]
    return any(
        spoken.lower() == wanted or spoken.lower().partition("-")[0] == primary
        for spoken in voice.languages
    )
