"""The process that decodes: what it is given, what it may do, and when it is ended."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import anyio
import numpy as np
import pytest
from anyio import to_thread

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices import decoder, recording
from server.voices.recording import MAX_AUDIO_BYTES, MAX_TEXT_CHARS, check_reference, decoded
from tests.helpers.recordings import RATE_HZ, TEXT, tone
from tests.helpers.recordings import recording as recorded

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """What is tested here is done in threads and processes; the other loop would only wait."""
    return "asyncio"


def pretending(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Let another program stand for the decoder."""
    file = folder / "decoder.py"
    file.write_text(code)
    monkeypatch.setattr(decoder, "__file__", str(file))


async def refusal(audio: bytes = b"") -> str:
    with pytest.raises(RequestError) as refused:
        await to_thread.run_sync(decoded, audio, RATE_HZ)
    assert refused.value.code is ErrorCode.BAD_VALUE
    return refused.value.message


async def test_a_recording_passes_through_the_process_unchanged() -> None:
    samples = await to_thread.run_sync(decoded, recorded(), RATE_HZ)
    assert samples.dtype == np.float32
    assert np.array_equal(samples, decoder.decode(recorded(), RATE_HZ))
    assert np.abs(samples - tone()).max() < 1e-4


async def test_what_it_refuses_comes_with_its_reason() -> None:
    assert "neither wav nor flac" in await refusal(b"Hello.")


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "import sys; sys.exit(1)",
        "raise MemoryError",
    ],
)
async def test_a_crash_of_it_is_a_bad_recording_and_harms_nobody(
    code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretending(monkeypatch, tmp_path, code)
    assert await refusal() == "reference: audio cannot be decoded"


async def test_where_no_process_can_be_started_the_caller_may_try_again() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(RequestError, match="no room to decode") as refused:
            await to_thread.run_sync(decoded, recorded(), RATE_HZ)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert refused.value.code is ErrorCode.OVERLOADED
    assert refused.value.retry_after_s is not None
    assert len(await to_thread.run_sync(decoded, recorded(), RATE_HZ))


async def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretending(monkeypatch, tmp_path, "import time; time.sleep(3_600)")
    monkeypatch.setattr(recording, "DECODE_LIMIT_S", 0.3)
    assert await refusal() == "reference: audio takes too long to decode"


async def test_it_ends_with_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    tell = f"open({str(started)!r}, 'w').write(str(os.getpid()))"
    pretending(monkeypatch, tmp_path, f"import os, time; {tell}; time.sleep(3_600)")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(to_thread.run_sync, decoded, b"", RATE_HZ)
        pid = int(await to_thread.run_sync(started.read_text))
        tasks.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_it_knows_no_key_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    pretending(
        monkeypatch,
        tmp_path,
        f"import os, sys; print(sorted(os.environ), end=''); sys.exit({decoder.REFUSED})",
    )
    told = await refusal()
    assert "PATH" in told
    assert "HF_TOKEN" not in told


async def test_no_key_that_ends_the_server_reaches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = "print('alone' * (os.getsid(0) == os.getpid()), end='')"
    pretending(monkeypatch, tmp_path, f"import os, sys; {told}; sys.exit({decoder.REFUSED})")
    assert await refusal() == "reference: alone"


_CONFINED = """
import os, resource, socket
from server.voices import decoder
decoder._load_libraries(8_000)
decoder._confine()
"""


def confined(code: str) -> subprocess.CompletedProcess[str]:
    """Run code under the limits of the decoder."""
    program = [sys.executable, "-c", _CONFINED + code]
    with tempfile.TemporaryFile() as file:
        return subprocess.run(program, check=False, stdin=file, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("open('/etc/passwd')", "Too many open files"),
        ("socket.socket()", "Too many open files"),
        ("os.write(0, b'more')", "File too large"),
        ("bytearray(1 << 30)", "MemoryError"),
    ],
)
def test_it_opens_and_writes_nothing_and_has_bounded_memory(code: str, error: str) -> None:
    done = confined(code)
    assert done.returncode == 1
    assert error in done.stderr


def test_its_cpu_time_is_bounded() -> None:
    done = confined("print(resource.getrlimit(resource.RLIMIT_CPU)[0])")
    assert 0 < int(done.stdout) <= 60


@pytest.mark.parametrize(
    ("audio", "text"),
    [
        (b"RIFF", ""),
        (b"RIFF", " \n"),
        (b"RIFF", "x" * (MAX_TEXT_CHARS + 1)),
        (b"RIFF", "\ud800"),
        (bytes(MAX_AUDIO_BYTES + 1), TEXT),
    ],
    ids=["no text", "space", "long text", "half a pair", "large audio"],
)
def test_a_reference_out_of_bounds_is_not_looked_at(audio: bytes, text: str) -> None:
    with pytest.raises(RequestError, match="reference") as refused:
        check_reference(Reference(audio, text))
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_the_space_around_a_text_is_not_part_of_it() -> None:
    assert check_reference(Reference(b"RIFF", f"\n {TEXT} ")) == Reference(b"RIFF", TEXT)
