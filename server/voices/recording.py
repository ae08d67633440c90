"""Recordings on their way to samples: checked, and decoded where nothing else can be harmed."""

import logging
import os
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
from anyio import from_thread
from numpy.typing import NDArray

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices import decoder

#: A minute of stereo at 48 kHz and 16 bits is 11.5 MB.
MAX_AUDIO_BYTES = 12 << 20
#: A minute of speech has about 1,000 characters, and of the fastest 1,500.
MAX_TEXT_CHARS = 2_000
#: Where the decoder's own limit of CPU time does not bite: it waits, or gets no CPU.
DECODE_LIMIT_S = 20.0
#: Where a machine has no process left, others have to end first.
_RETRY_AFTER_S = 5.0
#: How soon a caller who has left ends it.
_LOOK_S = 0.1
#: All it may know of our environment. Keys are none of it.
_PASSED_ON = ("LD_LIBRARY_PATH", "PATH", "PYTHONPATH")

_log = logging.getLogger(__name__)


def check_reference(reference: Reference) -> Reference:
    """Return the reference with its text stripped, if its sizes allow to look at it.

    Raises:
        RequestError: `bad_value`, or `unsupported` where no decoder is installed.
    """
    text = reference.text.strip()
    if not text:
        raise _bad("text must say what is said in the audio")
    if len(text) > MAX_TEXT_CHARS:
        raise _bad(f"text has {len(text)} characters of {MAX_TEXT_CHARS} allowed")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _bad("text has halves of surrogate pairs")
    if len(reference.audio) > MAX_AUDIO_BYTES:
        raise _bad(f"audio has {len(reference.audio)} bytes of {MAX_AUDIO_BYTES} allowed")
    if find_spec("av") is None:
        raise RequestError(
            ErrorCode.UNSUPPORTED, 'references need PyAV: pip install "voxline[codecs]"'
        )
    return Reference(reference.audio, text)


def decoded(audio: bytes, sample_rate_hz: int) -> NDArray[np.float32]:
    """Return a recording as mono samples (n,) within [-1, 1]. Called in a worker thread.

    Raises:
        RequestError: `bad_value`: it is no recording, or one that may not be a reference;
            `overloaded`: the machine has no process, file or memory left to decode it in.
    """
    try:
        status, output = _decoder(audio, sample_rate_hz)
    except OSError as error:
        _log.warning("no recording can be decoded: %s", error)
        message = "the machine has no room to decode a reference"
        raise RequestError(ErrorCode.OVERLOADED, message, retry_after_s=_RETRY_AFTER_S) from error
    if status == decoder.REFUSED:
        raise _bad(output.decode())
    if status != 0:
        raise _bad("audio cannot be decoded")
    return np.frombuffer(output, np.float32).copy()


def _decoder(audio: bytes, sample_rate_hz: int) -> tuple[int, bytes]:
    """Run the decoder; return its exit status, and what it writes."""
    command = [sys.executable, "-P", decoder.__file__, str(sample_rate_hz)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # A pipe would have to be written to as it is read; a file on a disk would be somebody's voice.
    with open(os.memfd_create("recording"), "w+b") as file:  # noqa: PTH123 it has no path
        file.write(audio)
        file.seek(0)
        with subprocess.Popen(  # noqa: S603 our own file
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | {"OPENBLAS_NUM_THREADS": "1"},
            # Ctrl-C reaches every process of a server that still has to speak.
            start_new_session=True,
        ) as process:
            try:
                output = _output(process)
            finally:
                process.kill()
    return process.returncode, output


def _output(process: "subprocess.Popen[bytes]") -> bytes:
    """Return all that it writes; what is raised here ends it."""
    ends_s = time.monotonic() + DECODE_LIMIT_S
    while time.monotonic() < ends_s:
        try:
            return process.communicate(timeout=_LOOK_S)[0]
        except subprocess.TimeoutExpired:
            from_thread.check_cancelled()
    raise _bad("audio takes too long to decode")


def _bad(problem: str) -> RequestError:
    return RequestError(ErrorCode.BAD_VALUE, f"reference: {problem}")
