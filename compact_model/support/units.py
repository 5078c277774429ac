"""Units as written in the headings of measured data, as factors to SI.

`A/cm2`, `A cm^-2`, `MA/cm²`, `GA/m2`, `1e6 A/cm2`, `10⁶ A·cm⁻²`: a factor, prefixes, bases and exponents.  Unit
libraries read some of these, and take an oersted for a field H in A/m; here fields are mu_0 H in tesla.
"""

import re
import unicodedata

from ..constants import OERSTED, VACUUM_PERMEABILITY

Dimension = tuple[tuple[str, int], ...]

_PREFIXES = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3, "M": 1e6, "G": 1e9}
_BASES: dict[str, tuple[float, dict[str, int]]] = {
    "m": (1.0, {"m": 1}),
    "s": (1.0, {"s": 1}),
    "A": (1.0, {"A": 1}),
    "V": (1.0, {"V": 1}),
    "Ohm": (1.0, {"V": 1, "A": -1}),
    "T": (1.0, {"T": 1}),
    "Oe": (OERSTED, {"T": 1}),
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_FACTOR = re.compile(r"(?:[x*]\s*)?(?:10\^(?P<power>[+-]?\d+)|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))\s*[*x]?\s*")
_TOKEN = re.compile(r"(?P<over>/)?\s*(?P<name>[A-Za-z]+)(?:(?:\^|\*\*)?(?P<exponent>[+-]?\d+))?\s*[*· ]?\s*")
_FIELD_STRENGTH: Dimension = (("A", 1), ("m", -1))
FLUX_DENSITY: Dimension = (("T", 1),)


def parse(text: str) -> tuple[float, Dimension]:
    """The factor to SI of a unit and its dimension, exponents by base; ValueError for text that is no unit.

    A field strength in A/m counts as the flux density mu_0 H.
    """
    plain = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+", lambda raised: "^" + raised.group().translate(_SUPERSCRIPTS), text.strip())
    plain = unicodedata.normalize("NFKC", plain)  # converts the micro and ohm signs to their letters
    plain = plain.replace("\N{GREEK CAPITAL LETTER OMEGA}", "Ohm").replace("\N{GREEK SMALL LETTER MU}", "u")
    plain = (
        plain.replace("\N{MULTIPLICATION SIGN}", "*")
        .replace("\N{MINUS SIGN}", "-")
        .replace("\N{DOT OPERATOR}", "·")
        .replace("ohm", "Ohm")
    )
    factor, exponents, place = 1.0, dict[str, int](), 0
    leading = _FACTOR.match(plain)
    if leading:
        factor = 10.0 ** int(leading["power"]) if leading["power"] else float(leading["number"])
        place = leading.end()
    if place == len(plain):
        raise ValueError(text)
    while place < len(plain):
        token = _TOKEN.match(plain, place)
        if token is None:
            raise ValueError(text)
        scale, bases = _base(token["name"])
        exponent = int(token["exponent"] or 1) * (-1 if token["over"] else 1)
        factor *= scale**exponent
        for base, power in bases.items():
            exponents[base] = exponents.get(base, 0) + power * exponent
        place = token.end()
    dimension = tuple(sorted((base, power) for base, power in exponents.items() if power))
    if dimension == _FIELD_STRENGTH:
        return factor * VACUUM_PERMEABILITY, FLUX_DENSITY
    return factor, dimension


def _base(name: str) -> tuple[float, dict[str, int]]:
    for base, (scale, bases) in _BASES.items():
        prefix = name.removesuffix(base)
        if name.endswith(base) and prefix in _PREFIXES:
            return _PREFIXES[prefix] * scale, bases
    raise ValueError(name)
