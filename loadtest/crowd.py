"""Everybody who connects: the callers' connections, and those who are there beside them."""

import math
import resource
from collections import Counter
from dataclasses import dataclass, field

from loadtest.background import BadHabit, BadListener
from loadtest.connection import LoadConnection, connect
from loadtest.counters import Counters
from loadtest.fish import DeafFish, connect_deaf
from loadtest.light_websocket import Refused
from loadtest.scenario import Scenario, ScenarioError


@dataclass(slots=True)
class Crowd:
    """The connections of a run, made one after another: the load is in the calls."""

    url: str
    counters: Counters = field(default_factory=Counters)
    connections: list[LoadConnection] = field(default_factory=list)
    bad_listeners: list[BadListener] = field(default_factory=list)
    deaf_fish: list[DeafFish] = field(default_factory=list)
    #: By HTTP status.
    refused: Counter[str] = field(default_factory=Counter)

    async def gather(self, scenario: Scenario) -> list[LoadConnection | None]:
        """Connect all; return a connection for each call, `None` where the server refused it.

        Raises:
            OSError: the server is not there.
            ScenarioError: it allows fewer streams on a connection.
        """
        _allow_many_files()
        for _ in range(scenario.idle):
            await self._connect()
        await self._add_bad_listeners("mute", scenario.mute)
        await self._add_bad_listeners("deaf", scenario.deaf)
        for _ in range(scenario.fish_deaf):
            await self._add_deaf_fish()
        share = scenario.streams_per_connection
        hosts = [await self._connect() for _ in range(math.ceil(scenario.calls / share))]
        for host in filter(None, hosts):
            allowed = host.ready.result().limits.max_streams
            if share > allowed:
                raise ScenarioError(f"the server allows {allowed} streams on a connection")
        return [hosts[index // share] for index in range(scenario.calls)]

    @property
    def has_bad_listeners(self) -> bool:
        """Tell whether somebody is there who does not listen as one should."""
        return bool(self.bad_listeners or self.deaf_fish)

    def bad_ends(self) -> Counter[str]:
        """Return how bad listeners were turned away, those that were."""
        return Counter(listener.ended for listener in self.bad_listeners if listener.ended)

    def leave(self) -> None:
        """Drop every connection."""
        for connection in self.connections:
            connection.close()
        for socket in self.deaf_fish:
            socket.close()

    async def _add_bad_listeners(self, habit: BadHabit, number: int) -> None:
        for _ in range(number):
            connection = await self._connect()
            if connection is not None:
                self.bad_listeners.append(BadListener(connection, habit))

    async def _add_deaf_fish(self) -> None:
        try:
            self.deaf_fish.append(await connect_deaf(self.url))
        except Refused as error:
            self.refused[str(error.status)] += 1

    async def _connect(self) -> LoadConnection | None:
        try:
            connection = await connect(self.url, self.counters)
        except Refused as error:
            self.refused[str(error.status)] += 1
            return None
        self.connections.append(connection)
        return connection


def _allow_many_files() -> None:
    """Open as many sockets as this process may at all."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
