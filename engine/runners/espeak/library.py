"""The ctypes binding of libespeak-ng, and nothing else: no voices, no segments, no frames.

The library keeps its state in globals, so a process has one binding, made once and never ended, and
one thread that calls it.
"""

import ctypes
import os
from collections.abc import Callable
from typing import NamedTuple

from engine.errors import ModelUnavailable, UnknownVoice
from engine.runners.espeak.state import CarriedState
from engine.runners.espeak.wire import VoiceFile

SAMPLE_RATE_HZ = 22_050

#: The library keeps the path of its data in 160 bytes, and the byte that ends it.
_MAX_DATA_PATH_BYTES = 159

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
#: The callback comes once per this much audio: the grain at which a synthesis can be stopped.
_BUFFER_MS = 40

_UTF8 = 1
_END_PAUSE = 0x1000
_POSITION_CHARACTER = 1

_RATE = 1
_PITCH = 3
_RANGE = 4
_INTONATION = 9
_EVENT_END = 0
_EVENT_WORD = 1


class WordEvent(NamedTuple):
    """The library begins a word: `at` in samples, `position` in code points from 0."""

    at: int
    position: int


#: Takes PCM16 bytes and the words that begin in or before them; true stops the synthesis.
Listener = Callable[[bytes, list[WordEvent]], bool]


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class Library:
    """The loaded library. Build it once per process."""

    def __init__(self, path: str, data_path: str) -> None:
        """Load and initialise.

        Raises:
            ModelUnavailable: the library or its data cannot be used.
        """
        try:
            self._c = ctypes.CDLL(path)
        except OSError as error:
            raise ModelUnavailable(f"eSpeak NG cannot be loaded: {error}") from error
        self._c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        home = _short(os.fsencode(data_path))
        rate = self._c.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, home, _DONT_EXIT)
        if rate != SAMPLE_RATE_HZ:
            raise ModelUnavailable(f"eSpeak NG cannot use its data in {data_path}")
        self._listener: Listener | None = None
        #: What the listener raised: it cannot pass through the library.
        self._raised: BaseException | None = None
        # The library keeps the bare pointer, so the object must live as long as it does.
        self._callback = _Callback(self._receive)
        self._c.espeak_SetSynthCallback(self._callback)
        self._state = CarriedState(self._c, path)

    @property
    def is_reproducible(self) -> bool:
        """Tell whether a text sounds the same whatever was spoken before it."""
        return self._state.is_known

    def configure(self, voice: str, rate_wpm: int, pitch: int, pitch_range: int) -> None:
        """Speak as `voice` (a path, with `+variant`) at a rate.

        Pitch and the range of its intonation are 0..99, and 50 is the voice's own.

        Raises:
            UnknownVoice: the library has no such voice.
        """
        # Some voices set it, and the library keeps it for those that do not.
        self._c.espeak_SetParameter(_INTONATION, 0, 0)
        # Even when nothing differs: it empties the buffer of a voice's echo, and costs 0.08 ms.
        if self._c.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UnknownVoice(f"eSpeak NG has no voice {voice!r}")
        self._c.espeak_SetParameter(_RATE, rate_wpm, 0)
        self._c.espeak_SetParameter(_PITCH, pitch, 0)
        self._c.espeak_SetParameter(_RANGE, pitch_range, 0)

    def speak(self, text: str, *, end_pause: bool, listener: Listener) -> None:
        """Speak `text`, which holds no NUL and no lone surrogate, into `listener`.

        The same text after the same `configure` is the same sound, whatever was spoken before.
        What `listener` raises stops the library and is raised here.
        """
        encoded = text.encode() + b"\0"
        flags = _UTF8 | (_END_PAUSE if end_pause else 0)
        self._listener = listener
        self._state.reset()
        self._c.espeak_Synth(
            encoded,
            ctypes.c_size_t(len(encoded)),
            ctypes.c_uint(0),
            _POSITION_CHARACTER,
            ctypes.c_uint(0),
            ctypes.c_uint(flags),
            None,
            None,
        )
        self._listener = None
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def voices(self, language: str | None = None) -> list[VoiceFile]:
        """List the voices, or with the language `variant` the variants."""
        spec = None
        if language is not None:
            wanted = ctypes.create_string_buffer(language.encode())
            spec = ctypes.byref(_Voice(languages=ctypes.addressof(wanted)))
        listed = self._c.espeak_ListVoices(spec)
        found = []
        index = 0
        while listed[index]:
            found.append(_voice_file(listed[index].contents))
            index += 1
        return found

    def _receive(self, wave: int | None, count: int, events: "ctypes._Pointer[_Event]") -> int:
        if self._listener is None:
            return 1
        try:
            return int(self._listener(*_heard(wave, count, events)))
        except BaseException as error:  # noqa: BLE001 raised where the library has returned
            self._listener, self._raised = None, error
            return 1


def _short(data_path: bytes) -> bytes:
    """Return a path of the same folder that the library has room for."""
    if len(data_path) <= _MAX_DATA_PATH_BYTES:
        return data_path
    # Left open: the library reads voices when they are asked for, as long as the process lives.
    descriptor = os.open(data_path, os.O_RDONLY | os.O_DIRECTORY)
    return b"/proc/self/fd/%d" % descriptor


def _heard(
    wave: int | None, count: int, events: "ctypes._Pointer[_Event]"
) -> tuple[bytes, list[WordEvent]]:
    words = []
    index = 0
    while (event := events[index]).type != _EVENT_END:
        if event.type == _EVENT_WORD:
            words.append(WordEvent(event.sample, event.text_position - 1))
        index += 1
    pcm = ctypes.string_at(wave, 2 * count) if wave and count > 0 else b""
    return pcm, words


def _voice_file(voice: _Voice) -> VoiceFile:
    return VoiceFile(
        path=(voice.identifier or b"").decode(),
        name=(voice.name or b"").decode().strip(),
        languages=tuple(_languages(voice.languages)),
    )


def _languages(address: int) -> list[str]:
    # A list of (priority byte, string), ended by priority 0.
    ranked = []
    while priority := ctypes.string_at(address, 1)[0]:
        name = ctypes.string_at(address + 1)
        ranked.append((priority, name.decode()))
        address += 2 + len(name)
    return [name for _, name in sorted(ranked, key=lambda pair: pair[0])]
