"""A text on which the model breaks is one request's trouble."""

import httpx

from tests.helpers.serving import Server


def test_a_note_that_crashes_the_library_is_refused_and_the_server_lives(espeak: Server) -> None:
    with httpx.Client(base_url=espeak.http_url, trust_env=False, timeout=20) as client:
        deadly = client.post("/v1/notes", json={"text": "`", "voice": "vi"})
        assert deadly.status_code == 500
        assert client.get("/livez").status_code == 200
        healthy = client.post("/v1/notes", json={"text": "Hello.", "voice": "vi"})
        assert healthy.status_code == 200
