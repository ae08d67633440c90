"""The listener: an address that cannot be had is named, and descriptors are there for all."""

import resource
from contextlib import closing

import pytest

from server.transport.listener import listen


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_an_address_in_use_is_named(host: str, shown: str) -> None:
    with closing(listen(host, 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match="Address already in use") as caught:
            listen(host, port)
    assert f"{shown}:{port}" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "address"), [("[::1]", "::1"), ("localhost", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")]
)
def test_a_name_is_resolved_and_brackets_are_no_part_of_an_address(host: str, address: str) -> None:
    with closing(listen(host, 0)) as listener:
        assert listener.getsockname()[0] == address


@pytest.mark.parametrize("host", ["\udcff", "x" * 64, "::1%absent"])
def test_what_is_no_host_is_named(host: str) -> None:
    with pytest.raises(OSError, match="cannot listen on") as caught:
        listen(host, 80)
    assert host in str(caught.value)


def test_listening_lets_the_process_open_all_the_files_it_can() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        listen("127.0.0.1", 0).close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
