"""What is measured: every unit in every language, so that a gap is seen."""

from collections.abc import Callable
from typing import NamedTuple

from engine.text.normalization.language import Noun


class _Unit(NamedTuple):
    """A unit: its symbols, and its name in each language where these are used.

    A name is for one, and after a bar for many, where that is not formed as the language's `noun`
    forms it. German and French have their articles before it.
    """

    symbols: str
    en: str = ""
    de: str = ""
    fr: str = ""


_UNITS = (
    _Unit("%", "percent|percent", "das Prozent", "un pour cent|pour cent"),
    _Unit("‰", "per mille|per mille", "das Promille", "un pour mille|pour mille"),
    _Unit("°C", "degree Celsius|degrees Celsius", "das Grad Celsius",
          "un degré Celsius|degrés Celsius"),
    _Unit("°F", "degree Fahrenheit|degrees Fahrenheit", "das Grad Fahrenheit",
          "un degré Fahrenheit|degrés Fahrenheit"),
    _Unit("°", "degree", "das Grad", "un degré"),
    # length
    _Unit("nm", "nanometre", "der Nanometer", "un nanomètre"),
    _Unit("µm μm", "micrometre", "der Mikrometer", "un micromètre"),
    _Unit("mm", "millimetre", "der Millimeter", "un millimètre"),
    _Unit("cm", "centimetre", "der Zentimeter", "un centimètre"),
    _Unit("m", "metre", "der Meter", "un mètre"),
    _Unit("km", "kilometre", "der Kilometer", "un kilomètre"),
    _Unit("ft", "foot|feet"),
    _Unit("yd yds", "yard"),
    _Unit("mi", "mile"),
    # area and volume
    _Unit("cm² cm2", "square centimetre", "der Quadratzentimeter",
          "un centimètre carré|centimètres carrés"),
    _Unit("m² m2", "square metre", "der Quadratmeter", "un mètre carré|mètres carrés"),
    _Unit("km² km2", "square kilometre", "der Quadratkilometer",
          "un kilomètre carré|kilomètres carrés"),
    _Unit("ha", "hectare", "der Hektar", "un hectare"),
    _Unit("cm³ cm3", "cubic centimetre", "der Kubikzentimeter",
          "un centimètre cube|centimètres cubes"),
    _Unit("m³ m3", "cubic metre", "der Kubikmeter", "un mètre cube|mètres cubes"),
    _Unit("ml mL", "millilitre", "der Milliliter", "un millilitre"),
    _Unit("cl cL", "centilitre", "der Zentiliter", "un centilitre"),
    _Unit("l L", "litre", "der Liter", "un litre"),
    # mass
    _Unit("mg", "milligram", "das Milligramm", "un milligramme"),
    _Unit("g", "gram", "das Gramm", "un gramme"),
    _Unit("kg", "kilogram", "das Kilogramm", "un kilogramme"),
    _Unit("t", "tonne", "die Tonne|Tonnen", "une tonne"),
    _Unit("oz", "ounce"),
    _Unit("lb lbs", "pound"),
    # time
    _Unit("ms", "millisecond", "die Millisekunde|Millisekunden", "une milliseconde"),
    _Unit("s", "second", "die Sekunde|Sekunden", "une seconde"),
    _Unit("sec secs", "second"),
    _Unit("Sek.", de="die Sekunde|Sekunden"),
    _Unit("min", "minute", "die Minute|Minuten", "une minute"),
    _Unit("mins", "minute"),
    _Unit("Min.", de="die Minute|Minuten"),
    _Unit("h", "hour", "die Stunde|Stunden", "une heure"),
    _Unit("hr hrs", "hour"),
    _Unit("Std.", de="die Stunde|Stunden"),
    # speed
    _Unit("m/s", "metre per second|metres per second", "der Meter pro Sekunde",
          "un mètre par seconde|mètres par seconde"),
    _Unit("km/h", "kilometre per hour|kilometres per hour", "der Kilometer pro Stunde",
          "un kilomètre par heure|kilomètres par heure"),
    _Unit("kph", "kilometre per hour|kilometres per hour"),
    _Unit("mph", "mile per hour|miles per hour"),
    # electricity and sound
    _Unit("Hz", "hertz|hertz", "das Hertz", "un hertz|hertz"),
    _Unit("kHz", "kilohertz|kilohertz", "das Kilohertz", "un kilohertz|kilohertz"),
    _Unit("MHz", "megahertz|megahertz", "das Megahertz", "un mégahertz|mégahertz"),
    _Unit("GHz", "gigahertz|gigahertz", "das Gigahertz", "un gigahertz|gigahertz"),
    _Unit("V", "volt", "das Volt", "un volt"),
    _Unit("W", "watt", "das Watt", "un watt"),
    _Unit("kW", "kilowatt", "das Kilowatt", "un kilowatt"),
    _Unit("MW", "megawatt", "das Megawatt", "un mégawatt"),
    _Unit("kWh", "kilowatt hour", "die Kilowattstunde|Kilowattstunden", "un kilowattheure"),
    _Unit("dB", "decibel", "das Dezibel", "un décibel"),
    # data
    _Unit("kB KB", "kilobyte", "das Kilobyte", "un kilooctet"),
    _Unit("MB", "megabyte", "das Megabyte", "un mégaoctet"),
    _Unit("GB", "gigabyte", "das Gigabyte", "un gigaoctet"),
    _Unit("TB", "terabyte", "das Terabyte", "un téraoctet"),
    _Unit("ko Ko", fr="un kilooctet"),
    _Unit("Mo", fr="un mégaoctet"),
    _Unit("Go", fr="un gigaoctet"),
    _Unit("To", fr="un téraoctet"),
    _Unit("MB/s", "megabyte per second|megabytes per second", "das Megabyte pro Sekunde",
          "un mégaoctet par seconde|mégaoctets par seconde"),
    _Unit("Mbit/s", "megabit per second|megabits per second", "das Megabit pro Sekunde",
          "un mégabit par seconde|mégabits par seconde"),
    _Unit("px", "pixel", "das Pixel", "un pixel"),
)  # fmt: skip


def units(language: str, noun: Callable[[str], Noun]) -> dict[str, Noun]:
    """Return the units that a column of the table has, by symbol, each name read by `noun`."""
    return {
        symbol: noun(name)
        for unit in _UNITS
        if (name := unit._asdict()[language])
        for symbol in unit.symbols.split()
    }
