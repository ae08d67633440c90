"""Forms as clients of HTTP send them."""

from collections.abc import Iterable

BOUNDARY = "a-boundary"
MEDIA_TYPE = f"multipart/form-data; boundary={BOUNDARY}"

#: A name, and a text, or the bytes of a file.
Part = tuple[str, str | bytes]


def written(parts: Iterable[Part], filename: str = "upload") -> bytes:
    """Return the body."""
    return b"".join(_part(*part, filename) for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def _part(name: str, content: str | bytes, filename: str) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if isinstance(content, bytes):
        disposition += f'; filename="{filename}"\r\nContent-Type: application/octet-stream'
    else:
        content = content.encode()
    return f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n"
