"""English, written out: a table of cases for each rule."""

import pytest

from tests.engine.text.speaking import said

CASES = {
    # numbers
    "0": "zero",
    "1,234 apples": "one thousand two hundred thirty-four apples",
    "-3.05": "minus three point zero five",
    "agent 007": "agent zero zero seven",
    "10\u201320": "ten to twenty",
    "1234567890123456": "one two three four five six seven eight nine zero one two three four "
    "five six",
    "1 000 000 people": "one million people",
    "1\u00a0000\u202f000": "one million",
    "1\u2009234\u2009567": "one million two hundred thirty-four thousand five hundred sixty-seven",
    "A4, 500 sheets": "A4, five hundred sheets",
    "Python 3.12": "Python three point one two",
    "-5 to -10": "minus five to minus ten",
    # ordinals
    "the 1st, 22nd and 13th": "the first, twenty-second and thirteenth",
    # money
    "$1": "one dollar",
    "$3.50.": "three dollars and fifty cents.",
    "$0.01": "one cent",
    "$5.00": "five dollars",
    "£1,000": "one thousand pounds",
    "20 USD": "twenty dollars",
    "-€2.5m": "minus two point five million euros",
    "$5 million": "five million dollars",
    "¥300": "three hundred yen",
    "1\u202f000 €": "one thousand euros",
    "$5\u2013$10": "five dollars to ten dollars",
    "$1.5k": "one point five thousand dollars",
    "50¢": "fifty cents",
    # dates
    "on November 26, 2026": "on November twenty-sixth, twenty twenty-six",
    "Nov. 3rd": "November third",
    "the 26th of November": "the twenty-sixth of November",
    "26 November 1905": "the twenty-sixth of November, nineteen oh-five",
    "2026-11-26": "November twenty-sixth, twenty twenty-six",
    "3/4/2026": "March fourth, twenty twenty-six",
    "in 1999": "in nineteen ninety-nine",
    "May 2005": "May two thousand five",
    "29 February 2024": "the twenty-ninth of February, twenty twenty-four",
    "Feb. 29": "February twenty-ninth",
    # times
    "at 2:30 pm": "at two thirty p.m.",
    "9 a.m. sharp": "nine a.m. sharp",
    "10am": "ten a.m.",
    "14:05": "fourteen oh five",
    "2:00": "two o'clock",
    "2.30pm": "two thirty p.m.",
    # units
    "1 km": "one kilometre",
    "5km": "five kilometres",
    "-20 °C": "minus twenty degrees Celsius",
    "50%": "fifty percent",
    "1.5 GB": "one point five gigabytes",
    "100 km/h": "one hundred kilometres per hour",
    "wait 30 s": "wait thirty seconds",
    "100 m² and 3 m3": "one hundred square metres and three cubic metres",
    "1 hr 5 sec": "one hour five seconds",
    "10 MB/s": "ten megabytes per second",
    "1 mi, 5 yd, 90 kph": "one mile, five yards, ninety kilometres per hour",
    "_5 km_, __5__ and **5 g**": "five kilometres, five and five grams",
    "5\u201310 km": "five to ten kilometres",
    "5 million km": "five million kilometres",
    # addresses
    "<https://a.com>": "a dot com",
    "see <https://a.com/x?y=1>, <joe@a.com>": "see a dot com slash x, joe at a dot com",
    "<mailto:joe@a.com>": "joe at a dot com",
    "Write to joe@a.com.": "Write to joe at a dot com.",
    "https://example.com/a-b?x=1.": "example dot com slash a dash b.",
    "**https://a.com** and **$5**": "a dot com and five dollars",
    "(www.foo.org)": "(w w w dot foo dot org)",
    "joe.doe2@example.co.uk": "joe dot doe two at example dot co dot uk",
}
#: What no rule is sure of is for the model to read.
UNTOUCHED = [
    "version 1.2.3",
    "192.168.0.1",
    "call 555-1234",
    "a B2B sale on A4",
    "the 1990s",
    "13/13/2026",
    "12:30:15",
    "February 30 or 2026-02-30",
    "30 February 2026 or 02/30/2026",
    "29 February 2023",
    "April 31",
    "call (555) 123-4567",
    "+1 555 123 4567",
    "+44 (20) 7946 0958",
    "1 234 567",
    "iOS 17.4.1 and v2.0",
    "in his 30s",
    "9am-5pm",
    "1914\u20131918",
    "2 ½ cups, 1 1/2 cups",
    "5'11",
    "\u20135 °C",
    "5%-10%, 1st-5th, 3 May-5 May",
    "5 kg/m², 5 m/s²",
    "#1 of 10^6",
    "2026-11-26T14:30",
    "5км, 日本5月, \u0663",
    "Node.js and e.g. this",
    "one * two, snake_case",
]


@pytest.mark.parametrize("written", CASES, ids=ascii)
def test_it_is_said_as_one_reads_it(written: str) -> None:
    assert said(written) == CASES[written]


@pytest.mark.parametrize("written", UNTOUCHED, ids=ascii)
def test_what_no_rule_is_sure_of_is_left_alone(written: str) -> None:
    assert said(written) == written


def test_outside_the_united_states_the_day_comes_first() -> None:
    assert said("3/4/2026", "en-US") == "March fourth, twenty twenty-six"
    assert said("3/4/2026", "en-AU") == "April third, twenty twenty-six"
