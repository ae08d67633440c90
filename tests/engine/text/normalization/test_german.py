"""German, written out: a table of cases for each rule."""

import pytest

from tests.engine.text.speaking import said

CASES = {
    # numbers
    "1.234 Äpfel": "eintausendzweihundertvierunddreißig Äpfel",
    "-3,05": "minus drei Komma null fünf",
    "10\u201320": "zehn bis zwanzig",
    "007": "null null sieben",
    "1.000.000, 1 000 000, 1\u2009000": "eine Million, eine Million, eintausend",
    "1 Million Menschen": "eine Million Menschen",
    "5 Mio. Menschen": "fünf Millionen Menschen",
    "21 Kinder, Platz 1": "einundzwanzig Kinder, Platz eins",
    # ordinals
    "der 3. Mann": "der dritte Mann",
    "am 3. Tag": "am dritten Tag",
    "zum 1. Mal": "zum ersten Mal",
    "am 3.": "am dritten.",
    # money
    "1 €": "ein Euro",
    "3,50 €.": "drei Euro und fünfzig Cent.",
    "1.000 EUR": "eintausend Euro",
    "0,01 €": "ein Cent",
    "1 £": "ein Pfund",
    "5 Mio. €": "fünf Millionen Euro",
    "1 Mio. €": "eine Million Euro",
    "1,5 Mrd. €": "eins Komma fünf Milliarden Euro",
    "10\u201320 €": "zehn bis zwanzig Euro",
    "50 ct": "fünfzig Cent",
    # dates
    "am 3. Oktober 2026": "am dritten Oktober zweitausendsechsundzwanzig",
    "3. Oktober": "dritter Oktober",
    "der 1. Mai": "der erste Mai",
    "26.11.2026": "sechsundzwanzigster November zweitausendsechsundzwanzig",
    "2026-11-26": "sechsundzwanzigster November zweitausendsechsundzwanzig",
    "seit 1999": "seit neunzehnhundertneunundneunzig",
    "vom 1. bis 3. Mai": "vom ersten bis dritten Mai",
    "vom 3.\u20135. Mai 2026": "vom dritten bis fünften Mai zweitausendsechsundzwanzig",
    "der 1. und 2. Mai": "der erste und zweite Mai",
    "vom 28. April bis zum 3. Mai": "vom achtundzwanzigsten April bis zum dritten Mai",
    "am 26. Nov. 2026": "am sechsundzwanzigsten November zweitausendsechsundzwanzig",
    "29.2.2024": "neunundzwanzigster Februar zweitausendvierundzwanzig",
    "bis 1984. Dann": "bis neunzehnhundertvierundachtzig. Dann",
    # times
    "um 14:30 Uhr": "um vierzehn Uhr dreißig",
    "14:00": "vierzehn Uhr",
    "um 1 Uhr": "um ein Uhr",
    "um 14.30 Uhr": "um vierzehn Uhr dreißig",
    "14 Uhr": "vierzehn Uhr",
    "14:30 h": "vierzehn Uhr dreißig",
    # units
    "1 km": "ein Kilometer",
    "1 h": "eine Stunde",
    "2 h": "zwei Stunden",
    "50 %": "fünfzig Prozent",
    "-20 °C": "minus zwanzig Grad Celsius",
    "1 m²": "ein Quadratmeter",
    "10\u201320 km": "zehn bis zwanzig Kilometer",
    "1,5 Mio. km": "eins Komma fünf Millionen Kilometer",
    "2 Std. 30 Min.": "zwei Stunden dreißig Minuten",
    # addresses
    "<https://firma.de>": "firma Punkt de",
    "an a@firma.de.": "an a at firma Punkt de.",
    "https://firma.de/x": "firma Punkt de Schrägstrich x",
    "a.b@firma.de": "a Punkt b at firma Punkt de",
}
UNTOUCHED = [
    "1.2.3",
    "z.B. so",
    "Bundesstraße B27",
    "Ich habe 1 Kind und 1 Katze.",
    "101 Dalmatiner",
    "1-Zimmer-Wohnung",
    "1. bis 3.",
    "ab 1. 5. oder 26.11.",
    "1. Erstens\n2. Zweitens",
    "am 30.02.2026",
    "30. Februar",
    "vom 29. bis 31. April",
    "+49 (30) 123456",
    "+49 30 123456",
    "030 123456",
    "12 345",
    "5,- €",
    "5 %igen",
    "14 Uhr-16 Uhr, 14-16 Uhr",
    "5 l/100 km",
    "½ l, 1½",
    "\u20135 °C",
    "in den 90er Jahren",
    "1914\u20131918",
    "5км",
]


@pytest.mark.parametrize("written", CASES, ids=ascii)
def test_it_is_said_as_one_reads_it(written: str) -> None:
    assert said(written, "de-AT") == CASES[written]


@pytest.mark.parametrize("written", UNTOUCHED, ids=ascii)
def test_what_no_rule_is_sure_of_is_left_alone(written: str) -> None:
    assert said(written, "de") == written
