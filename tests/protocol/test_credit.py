import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.credit import CreditWindow
from protocol.errors import LocalProtocolError
from tests.protocol.strategies import counts

steps = st.lists(st.tuples(st.sampled_from(("grant", "spend")), counts))


@given(counts, steps)
def test_what_is_sent_never_passes_what_was_granted(
    first: int, actions: list[tuple[str, int]]
) -> None:
    window = CreditWindow(first)
    granted, sent = first, 0
    for name, number in actions:
        if name == "grant":
            window.grant(number)
            granted = max(granted, number)
        elif number <= granted - sent:
            window.spend(number)
            sent += number
        else:
            with pytest.raises(LocalProtocolError):
                window.spend(number)
        assert (window.granted, window.sent) == (granted, sent)
        assert window.available == granted - sent >= 0


@given(counts, st.lists(counts))
def test_grants_commute_and_repeat_without_effect(first: int, grants: list[int]) -> None:
    one, other = CreditWindow(first), CreditWindow(first)
    for upto in grants:
        one.grant(upto)
    for upto in sorted(grants * 2):
        other.grant(upto)
    assert one.granted == other.granted


def test_nothing_negative_is_spent() -> None:
    with pytest.raises(LocalProtocolError):
        CreditWindow(5).spend(-1)
