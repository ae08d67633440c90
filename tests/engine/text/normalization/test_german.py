"""German, written out: a table of cases for each rule."""

import pytest

from tests.engine.text.speaking import said

CASES = {
    # numbers
    "1.234 Äpfel": "eintausendzweihundertvierunddreißig Äpfel",
    "-3,05": "minus drei Komma null fünf",
    "10\u201320": "zehn bis zwanzig",
    "007": "null null sieben",
    # ordinals
    "der 3. Mann": "der dritte Mann",
    "am 3. Tag": "am dritten Tag",
    # money
    "1 €": "ein Euro",
    "3,50 €.": "drei Euro und fünfzig Cent.",
    "1.000 EUR": "eintausend Euro",
    "0,01 €": "ein Cent",
    "1 £": "ein Pfund",
    "5 Mio. €": "fünf Millionen Euro",
    # dates
    "am 3. Oktober 2026": "am dritten Oktober zweitausendsechsundzwanzig",
    "3. Oktober": "dritter Oktober",
    "der 1. Mai": "der erste Mai",
    "26.11.2026": "sechsundzwanzigster November zweitausendsechsundzwanzig",
    "2026-11-26": "sechsundzwanzigster November zweitausendsechsundzwanzig",
    "seit 1999": "seit neunzehnhundertneunundneunzig",
    # times
    "um 14:30 Uhr": "um vierzehn Uhr dreißig",
    "14:00": "vierzehn Uhr",
    "um 1 Uhr": "um ein Uhr",
    # units
    "1 km": "ein Kilometer",
    "1 h": "eine Stunde",
    "2 h": "zwei Stunden",
    "50 %": "fünfzig Prozent",
    "-20 °C": "minus zwanzig Grad Celsius",
    # addresses
    "https://firma.de/x": "firma Punkt de Schrägstrich x",
    "a.b@firma.de": "a Punkt b at firma Punkt de",
}
UNTOUCHED = ["1.2.3", "z.B. so", "Bundesstraße B27"]


@pytest.mark.parametrize("written", CASES, ids=ascii)
def test_it_is_said_as_one_reads_it(written: str) -> None:
    assert said(written, "de-AT") == CASES[written]


@pytest.mark.parametrize("written", UNTOUCHED, ids=ascii)
def test_what_no_rule_is_sure_of_is_left_alone(written: str) -> None:
    assert said(written, "de") == written
