"""French, written out: a table of cases for each rule."""

import pytest

from tests.engine.text.speaking import said

CASES = {
    # numbers
    "1\u202f234 pommes": "mille deux cent trente-quatre pommes",
    "-3,05": "moins trois virgule zéro cinq",
    "10\u201320": "dix à vingt",
    "007": "zéro zéro sept",
    # ordinals
    "le 1er, la 1re, le 2e": "le premier, la première, le deuxième",
    # money
    "1 €": "un euro",
    "3,50 €.": "trois euros et cinquante centimes.",
    "1 000 €": "mille euros",
    "21 £": "vingt-et-une livres",
    "5 millions €": "cinq millions d'euros",
    # dates
    "le 1er mai 2026": "le premier mai deux mille vingt-six",
    "26 novembre": "vingt-six novembre",
    "26/11/2026": "vingt-six novembre deux mille vingt-six",
    "2026-11-26": "vingt-six novembre deux mille vingt-six",
    # times
    "à 14h30": "à quatorze heures trente",
    "à 14:30": "à quatorze heures trente",
    "1 h": "une heure",
    # units
    "1 km": "un kilomètre",
    "21 min": "vingt-et-une minutes",
    "50 %": "cinquante pour cent",
    "-20 °C": "moins vingt degrés Celsius",
    # addresses
    "https://site.fr/x": "site point fr slash x",
    "a.b@site.fr": "a point b arobase site point fr",
}
UNTOUCHED = ["1.2.3", "c'est-à-dire", "la route A7"]


@pytest.mark.parametrize("written", CASES, ids=ascii)
def test_it_is_said_as_one_reads_it(written: str) -> None:
    assert said(written, "fr") == CASES[written]


@pytest.mark.parametrize("written", UNTOUCHED, ids=ascii)
def test_what_no_rule_is_sure_of_is_left_alone(written: str) -> None:
    assert said(written, "fr") == written
