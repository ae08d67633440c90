"""The way into the engine: it never blocks, and what cannot grow without bound coalesces."""

import threading

from engine.commands import AppendText, Cancel, Command, Grant, Open
from engine.mailbox import Mailbox
from engine.request import SynthesisRequest


def test_commands_come_out_in_the_order_they_went_in() -> None:
    mailbox = Mailbox()
    commands: list[Command] = [
        AppendText(1, "a"),
        AppendText(2, "b"),
        Cancel(1),
        AppendText(2, "c"),
    ]
    for command in commands:
        mailbox.put(command)
    assert mailbox.drain(0) == commands
    assert mailbox.drain(0) == []


def test_no_grant_overtakes_the_open_of_its_sequence() -> None:
    mailbox = Mailbox()
    opened = Open(1, SynthesisRequest(voice="tone"), 0)
    mailbox.put(opened)
    mailbox.put(Grant(1, 10))
    assert mailbox.drain(0) == [opened, Grant(1, 10)]


def test_the_grants_of_a_sequence_coalesce_into_the_largest() -> None:
    mailbox = Mailbox()
    for upto in (1_000, 3_000, 2_000):
        mailbox.put(Grant(1, upto))
    mailbox.put(Grant(2, 5))
    assert mailbox.drain(0) == [Grant(1, 3_000), Grant(2, 5)]


def test_a_grant_without_a_playback_position_keeps_the_one_before() -> None:
    mailbox = Mailbox()
    mailbox.put(Grant(1, 10, played=4))
    mailbox.put(Grant(1, 20))
    mailbox.put(Grant(2, 20, played=4))
    mailbox.put(Grant(2, 10, played=6))
    assert mailbox.drain(0) == [Grant(1, 20, played=4), Grant(2, 20, played=6)]


def test_a_drained_grant_does_not_come_back() -> None:
    mailbox = Mailbox()
    mailbox.put(Grant(1, 10))
    mailbox.drain(0)
    mailbox.put(Grant(1, 5))
    assert mailbox.drain(0) == [Grant(1, 5)]


def test_a_closed_mailbox_keeps_what_it_has_and_takes_nothing_more() -> None:
    mailbox = Mailbox()
    mailbox.put(Cancel(1))
    mailbox.close()
    mailbox.put(Cancel(2))
    assert mailbox.closed
    assert mailbox.drain(60) == [Cancel(1)]
    assert mailbox.drain(60) == []


def test_nothing_put_from_many_threads_is_lost_or_reordered() -> None:
    mailbox = Mailbox()

    def put_many(sequence_id: int) -> None:
        for number in range(500):
            mailbox.put(AppendText(sequence_id, str(number)))

    threads = [threading.Thread(target=put_many, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    taken: list[Command] = []
    while len(taken) < 8 * 500:
        taken += mailbox.drain(10)
    for thread in threads:
        thread.join()
    for sequence_id in range(8):
        texts = [c.text for c in taken if isinstance(c, AppendText) if c.sequence_id == sequence_id]
        assert texts == [str(number) for number in range(500)]
