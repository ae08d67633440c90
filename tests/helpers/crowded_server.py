"""`python -m tests.helpers.crowded_server FOLDER SIZE serve …`: FOLDER is a disk of so much room.

A disk that this process alone sees, and that is gone with it.
"""

import os
import subprocess
import sys

_PRIVATE = ("unshare", "--user", "--map-root-user", "--mount")
_MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$0" && shift && exec "$@"'


def can_mount() -> bool:
    """Tell whether the system lets a process have disks of its own."""
    try:
        return not subprocess.run([*_PRIVATE, "true"], check=False).returncode
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    folder, size, *arguments = sys.argv[1:]
    server = (sys.executable, "-m", "server", *arguments)
    command = [*_PRIVATE, "sh", "-c", _MOUNT, folder, size, *server]
    os.execvp(command[0], command)  # noqa: S606 the shell is in it
