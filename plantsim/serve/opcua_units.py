"""Engineering units as OPC UA gives them: UNECE Recommendation 20 codes (OPC 10000-8, 5.6.4)."""

from __future__ import annotations

from functools import cache

from asyncua import ua

NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"

_ONE = ("C62", "one")
"""For what UNECE has no code of; the display name tells what it is."""
_PERCENT = ("P1", "percent")

UNECE: dict[str, tuple[str, str]] = {
    "1": _ONE,
    "%": _PERCENT,
    "%/%": _ONE,
    "% vol": ("VP", "percent volume"),
    "% wt": ("60", "percent weight"),
    "A": ("AMP", "ampere"),
    "C": ("CEL", "degree Celsius"),
    "K": ("KEL", "kelvin"),
    "L": ("LTR", "litre"),
    "L/L": ("K62", "litre per litre"),
    "L/h": ("E32", "litre per hour"),
    "L/kg": ("H83", "litre per kilogram"),
    "Nm3/h": ("Q40", "normalized cubic metre per hour"),
    "Pa": ("PAL", "pascal"),
    "bar": ("BAR", "bar"),
    "d": ("DAY", "day"),
    "g/L": ("GL", "gram per litre"),
    "h": ("HUR", "hour"),
    "kPa": ("KPA", "kilopascal"),
    "kW": ("KWT", "kilowatt"),
    "kWh": ("KWH", "kilowatt hour"),
    "kg": ("KGM", "kilogram"),
    "kg/h": ("E93", "kilogram per hour"),
    "kg/kg": ("3H", "kilogram per kilogram"),
    "kg/m3": ("KMQ", "kilogram per cubic metre"),
    "m3/h": ("MQH", "cubic metre per hour"),
    "mS/cm": ("H61", "millisiemens per centimetre"),
    "mT": ("C29", "millitesla"),
    "mV": ("2Z", "millivolt"),
    "mbar": ("MBR", "millibar"),
    "mg/Nm3": ("GP", "milligram per cubic metre"),
    "mg/L": ("M1", "milligram per litre"),
    "mg/kg": ("NA", "milligram per kilogram"),
    "min": ("MIN", "minute"),
    "mm": ("MMT", "millimetre"),
    "mm/s": ("C16", "millimetre per second"),
    "mol/L": ("C38", "mole per litre"),
    "ms": ("C26", "millisecond"),
    "pH": ("Q30", "pH (potential of hydrogen)"),
    "ppm": ("59", "part per million"),
    "s": ("SEC", "second"),
    "t": ("TNE", "tonne"),
    "um": ("4H", "micrometre"),
}
"""Engineering unit of the plant file -> common code and name."""

_SYMBOLS = {"C": "°C", "Nm3/h": "Nm³/h", "kg/m3": "kg/m³", "mg/Nm3": "mg/Nm³", "m3/h": "m³/h", "um": "µm"}
"""Display names that differ from the plant file's spelling."""


@cache
def engineering_unit(eu: str) -> ua.EUInformation:
    """The unit ``eu`` of the plant file. Shares of something (``% oxide``) are percents, the unknown is a one."""
    code, name = UNECE.get(eu) or (_PERCENT if eu.startswith("%") else _ONE)
    return ua.EUInformation(
        NamespaceUri=NAMESPACE,
        UnitId=int.from_bytes(code.encode(), "big"),
        DisplayName=ua.LocalizedText(_SYMBOLS.get(eu, eu)),
        Description=ua.LocalizedText(name if eu in UNECE else eu),
    )
