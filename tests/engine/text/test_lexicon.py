"""The lexicon: whole words, whatever their case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.fields import WORD
from tests.engine.text.speaking import said

LEXICON = {"K8s": "Kubernetes", "c++": "see plus plus", "U.S.": "States", "node": "NODE", "um": ""}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("k8s, K8S and K8s.", "Kubernetes, Kubernetes and Kubernetes."),
        ("In C++.", "In see plus plus."),
        ("the U.S. and U.S.-made", "the States and U.S.-made"),
        ("K8s's (K8s) K8s-based", "Kubernetes's (Kubernetes) Kubernetes-based"),
        ("nodes, node.js", "nodes, NODE.js"),
        ("well um yes", "well  yes"),
        ("xK8s K8sx K8s_", "xK8s K8sx K8s_"),
    ],
)
def test_a_word_is_replaced_where_it_is_whole(written: str, expected: str) -> None:
    assert said(written, "", LEXICON) == expected


def test_it_works_without_normalisation_and_goes_before_it() -> None:
    assert said("K8s 5", "", LEXICON) == "Kubernetes 5"
    assert said("5 and 5km", "en", {"5": "V"}) == "V and five kilometres"


def test_what_it_says_is_said_as_it_is() -> None:
    assert said("a b", "en", {"a": "b 5", "b": "**c**"}) == "b 5 **c**"


@given(st.from_regex(WORD, fullmatch=True))
def test_every_word_that_the_wire_takes_is_found(word: str) -> None:
    assert said(f"({word} so)", "", {word: "this"}) == "(this so)"
