"""A LiveKit agent that speaks through Voxline, by LiveKit's own plugin for Fish Audio.

Its ears and its language model are those of LiveKit Inference; any other plugins do as well. With
`LIVEKIT_URL`, `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET` in the environment, it answers whoever
comes into a room: python -m examples.livekit_agent start
"""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import fishaudio

#: Where Voxline is.
VOXLINE_URL = os.environ.get("VOXLINE_URL", "http://127.0.0.1:8080")

server = AgentServer()


class ParcelDesk(Agent):
    """Knows where parcels are."""

    def __init__(self) -> None:
        super().__init__(
            instructions="You tell callers where their parcels are, in a sentence or two."
        )

    async def on_enter(self) -> None:
        """Greet the caller."""
        self.session.say("Parcel desk. Hello?")


def voice(url: str) -> fishaudio.TTS:
    """Return the agent's voice: to the plugin, Voxline is Fish Audio at another address."""
    return fishaudio.TTS(base_url=url, api_key="none")


@server.rtc_session()
async def answer(job: JobContext) -> None:
    """Talk to whoever is in the room."""
    session = AgentSession(stt="deepgram/nova-3", llm="openai/gpt-4.1-mini", tts=voice(VOXLINE_URL))
    await session.start(ParcelDesk(), room=job.room)


if __name__ == "__main__":
    cli.run_app(server)
