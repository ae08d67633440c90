"""French, written out: a table of cases for each rule."""

import pytest

from tests.engine.text.speaking import said

CASES = {
    # numbers
    "1\u202f234 pommes": "mille deux cent trente-quatre pommes",
    "-3,05": "moins trois virgule zéro cinq",
    "10\u201320": "dix à vingt",
    "007": "zéro zéro sept",
    "1\u202f000\u202f000, 1\u2009000": "un million, mille",
    "1 million de gens": "un million de gens",
    "page 21": "page vingt-et-un",
    "11 filles, 71 filles": "onze filles, soixante-et-onze filles",
    # ordinals
    "le 1er, la 1re, le 2e": "le premier, la première, le deuxième",
    # money
    "1 €": "un euro",
    "3,50 €.": "trois euros et cinquante centimes.",
    "1 000 €": "mille euros",
    "21 £": "vingt-et-une livres",
    "5 millions €": "cinq millions d'euros",
    "1 M€": "un million d'euros",
    "1,5 M€, 2 Md€": "un virgule cinq million d'euros, deux milliards d'euros",
    "5 millions d'€": "cinq millions d'euros",
    "0 €": "zéro euro",
    "1 euro, 21 euros": "un euro, vingt-et-un euros",
    "10\u201320 €": "dix à vingt euros",
    # dates
    "le 1er mai 2026": "le premier mai deux mille vingt-six",
    "26 novembre": "vingt-six novembre",
    "26/11/2026": "vingt-six novembre deux mille vingt-six",
    "2026-11-26": "vingt-six novembre deux mille vingt-six",
    "le 26 nov. 2026": "le vingt-six novembre deux mille vingt-six",
    "29/02/2024": "vingt-neuf février deux mille vingt-quatre",
    # times
    "à 14h30": "à quatorze heures trente",
    "à 14:30": "à quatorze heures trente",
    "1 h": "une heure",
    "de 9h à 17h": "de neuf heures à dix-sept heures",
    # units
    "1 km": "un kilomètre",
    "21 min": "vingt-et-une minutes",
    "50 %": "cinquante pour cent",
    "-20 °C": "moins vingt degrés Celsius",
    "48 h": "quarante-huit heures",
    "1 h 30 min": "une heure trente minutes",
    "21 minutes": "vingt-et-une minutes",
    "0,5 km": "zéro virgule cinq kilomètre",
    "5 millions de km": "cinq millions de kilomètres",
    "5 m²": "cinq mètres carrés",
    "30 s": "trente secondes",
    # addresses
    "<https://site.fr>": "site point fr",
    "à a@site.fr.": "à a arobase site point fr.",
    "https://site.fr/x": "site point fr slash x",
    "a.b@site.fr": "a point b arobase site point fr",
}
UNTOUCHED = [
    "1.2.3",
    "c'est-à-dire",
    "la route A7",
    "1 fille et 21 filles",
    "81 femmes, 1 livre",
    "le 31 avril",
    "le 30/02/2026",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "+33 6 12 34 56 78",
    "+33 612 345 678",
    "1.500 €",
    "5 k€",
    "9h-17h",
    "3 mai-5 mai",
    "24h/24",
    "5 kg/m²",
    "2 ½, 1/2",
    "\u20135 °C",
    "12:30:15",
    "v2.1.3",
    "5км",
]


@pytest.mark.parametrize("written", CASES, ids=ascii)
def test_it_is_said_as_one_reads_it(written: str) -> None:
    assert said(written, "fr") == CASES[written]


@pytest.mark.parametrize("written", UNTOUCHED, ids=ascii)
def test_what_no_rule_is_sure_of_is_left_alone(written: str) -> None:
    assert said(written, "fr") == written
