"""Ceph's RADOS gateway on this machine: a real store, on a cluster of one that is all in memory."""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

from tests.helpers.buckets import CREDENTIALS

BINARIES = ("ceph", "ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin")
#: On two cores that have other things to do.
_START_S = 120.0
_STOP_S = 10.0

_ALL = {"mon": "allow *", "osd": "allow *", "mgr": "allow *"}
#: Without keys of their own, the gateway would not connect.
_KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": _ALL,
    "client.rgw": _ALL,
    "mgr.x": {"mon": "allow profile mgr", "osd": "allow *"},
    "osd.0": {"mon": "allow profile osd", "mgr": "allow profile osd", "osd": "allow *"},
}
_CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon_port}]
public_addr = 127.0.0.1
keyring = {folder}/keyring
run_dir = {folder}
admin_socket = {folder}/$name.sock
pid_file =
log_file = {folder}/$name.log
mon_data = {folder}/mon
mgr_data = {folder}/mgr
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 2
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mgr_initial_modules =
# It counts what it has done, and says so at once.
rgw_enable_usage_log = true
rgw_usage_log_tick_interval = 1
rgw_frontends = beast endpoint=127.0.0.1:{rgw_port}
"""


def missing_binaries() -> list[str]:
    """Name what would have to be installed."""
    return [name for name in BINARIES if shutil.which(name) is None]


@contextmanager
def radosgw(folder: Path) -> Iterator[str]:
    """Serve S3 at the address that is returned; everything is in `folder`, and in memory."""
    fsid, mon_port, rgw_port = str(uuid4()), _free_port(), _free_port()
    configuration = folder / "ceph.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, fsid=fsid, mon_port=mon_port, rgw_port=rgw_port)
    )

    def ask(*command: str) -> None:
        subprocess.run(
            [command[0], "-c", configuration, *command[1:]],
            check=True,
            capture_output=True,
            timeout=_START_S,
        )

    _write_keys(folder / "keyring")
    _write_monitors(folder / "monmap", fsid, mon_port)
    for name in ("mon", "mgr", "osd"):
        (folder / name).mkdir()
    with ExitStack() as daemons:

        def start(*command: str) -> None:
            daemons.enter_context(_running([command[0], "-c", str(configuration), *command[1:]]))

        ask("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"))
        start("ceph-mon", "-f", "-i", "a")
        start("ceph-mgr", "-f", "-i", "x")
        uuid = str(uuid4())
        ask("ceph", "osd", "create", uuid, "0")
        ask("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", uuid)
        start("ceph-osd", "-f", "-i", "0")
        start("radosgw", "-f", "-n", "client.rgw")
        url = f"http://127.0.0.1:{rgw_port}"
        _wait_for(lambda: _answers(url))
        ask(
            *("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid=tests"),
            *("--display-name=tests", f"--access-key={CREDENTIALS['AWS_ACCESS_KEY_ID']}"),
            f"--secret={CREDENTIALS['AWS_SECRET_ACCESS_KEY']}",
        )
        with patch.dict(os.environ, CREDENTIALS):
            yield url


def _write_keys(keyring: Path) -> None:
    for name, may in _KEYS.items():
        capabilities = [word for cap in may.items() for word in ("--cap", *cap)]
        created = [] if keyring.exists() else ["--create-keyring"]
        command = ["ceph-authtool", *created, str(keyring), "--gen-key", "-n", name, *capabilities]
        subprocess.run(command, check=True, capture_output=True)


def _write_monitors(monmap: Path, fsid: str, port: int) -> None:
    address = f"[v2:127.0.0.1:{port}]"
    command = ["monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, str(monmap)]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        # It has nothing to save.
        daemon.kill()
        daemon.wait(_STOP_S)


def _wait_for(is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_S
    while not is_there():
        if time.monotonic() > deadline:
            raise TimeoutError("the gateway does not answer")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 our own
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
