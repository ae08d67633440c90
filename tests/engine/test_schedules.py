"""Ten thousand random schedules: whatever comes, and in whatever order, the laws hold.

By default a quarter of them is played.
"""

import pytest

from tests.helpers.schedules import Schedule

#: Enough that every command meets every state of a sequence many times over.
NUM_SCHEDULES = 10_000
#: Parts, so that a failure is found again by running one of them alone.
NUM_PARTS = 20
PARTS = [
    part if part < NUM_PARTS // 4 else pytest.param(part, marks=pytest.mark.slow)
    for part in range(NUM_PARTS)
]


@pytest.mark.parametrize("part", PARTS)
def test_every_random_schedule_keeps_the_laws(part: int) -> None:
    num_parked = num_failed = num_evicted = 0
    for seed in range(part, NUM_SCHEDULES, NUM_PARTS):
        schedule = Schedule(seed)
        try:
            schedule.play()
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        num_parked += schedule.mirror.num_parked
        num_failed += schedule.runner.num_failed
        num_evicted += schedule.mirror.num_evicted
    assert num_parked, "the schedules must reach parking"
    assert num_failed, "the schedules must reach rows that fail"
    assert num_evicted, "the schedules must reach evictions"
