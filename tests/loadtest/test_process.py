"""How much of the cores others used."""

import os
import time

import pytest

from loadtest.process import CoresSample


def test_what_others_used_is_a_share_of_all_the_cores_without_our_own_part() -> None:
    begin, end = CoresSample(10.0, 2, busy_s=100.0), CoresSample(20.0, 2, busy_s=110.0)
    assert end.others_since(begin, 3.0, 5.0) == pytest.approx(0.1)
    assert end.others_since(begin, 7.0, 5.0) == 0.0


def test_the_kernel_counts_the_cores_that_this_process_may_use() -> None:
    begin = CoresSample.take(os.getpid(), os.getpid())
    assert begin.num_cores == len(os.sched_getaffinity(0))
    until_s = time.process_time() + 0.05
    while time.process_time() < until_s:
        pass
    assert CoresSample.take(os.getpid()).busy_s > begin.busy_s
