"""Those that may have killed their process run alone, and nobody waits for ever."""

from functools import partial

import anyio
import pytest
from anyio.abc import TaskStatus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.jobs.isolation import Isolation

pytestmark = pytest.mark.anyio

#: When one comes, for how long it stays, and whether it is to be alone.
VISITS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 10), st.booleans()), min_size=1, max_size=12
)


class Room:
    """Who is in it, checked whenever somebody enters."""

    def __init__(self) -> None:
        self.inside: list[bool] = []
        self.num_entered = 0

    def enter(self, *, alone: bool) -> None:
        self.num_entered += 1
        self.inside.append(alone)
        assert len(self.inside) == 1 or not any(self.inside)


@given(visits=VISITS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whoever_is_alone_has_no_company_and_everyone_gets_in(
    visits: list[tuple[int, int, bool]],
) -> None:
    isolation, room = Isolation(), Room()

    async def visit(at: int, stay: int, alone: bool) -> None:
        await anyio.sleep(at)
        async with isolation.among(alone=alone):
            room.enter(alone=alone)
            await anyio.sleep(stay)
            room.inside.remove(alone)

    with anyio.fail_after(1_000):
        async with anyio.create_task_group() as tasks:
            for each in visits:
                tasks.start_soon(visit, *each)
    assert room.num_entered == len(visits)


async def test_company_is_company() -> None:
    isolation = Isolation()
    async with isolation.among(alone=False), isolation.among(alone=False):
        pass


async def test_whoever_wants_to_be_alone_is_not_passed_by() -> None:
    isolation, order = Isolation(), []

    async def visit(name: str, at: float, *, alone: bool) -> None:
        await anyio.sleep(at)
        async with isolation.among(alone=alone):
            order.append(name)
            await anyio.sleep(10)

    async with anyio.create_task_group() as tasks:
        for name, at, alone in (("first", 0, False), ("alone", 1, True), ("later", 2, False)):
            tasks.start_soon(partial(visit, name, at, alone=alone))
    assert order == ["first", "alone", "later"]


@pytest.mark.parametrize("alone", [True, False])
async def test_whoever_gives_up_waiting_or_fails_is_in_nobodys_way(*, alone: bool) -> None:
    isolation = Isolation()

    async def stay(*, task_status: TaskStatus[None]) -> None:
        async with isolation.among(alone=not alone):
            task_status.started()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        await tasks.start(stay)
        with anyio.move_on_after(1) as gave_up:
            async with isolation.among(alone=alone):
                raise AssertionError("it is in company")
        assert gave_up.cancelled_caught
        tasks.cancel_scope.cancel()
    with pytest.raises(ZeroDivisionError):
        async with isolation.among(alone=alone):
            raise ZeroDivisionError
    with anyio.fail_after(1):
        async with isolation.among(alone=True):
            pass
