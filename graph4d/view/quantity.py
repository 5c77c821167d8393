"""Numbers and units as people write them: 300 keV rather than 300000 eV, Å⁻¹ rather than 1/Å."""

from __future__ import annotations

import math
import re

__all__ = ["quantity", "shown_unit", "significant", "unit_text"]

#: For a unit used inside: the units it is shown in and their sizes, largest first.
SHOWN: dict[str, tuple[tuple[str, float], ...]] = {
    "Å": (("µm", 1e4), ("nm", 10.0), ("Å", 1.0)),
    "1/Å": (("Å⁻¹", 1.0), ("nm⁻¹", 0.1)),
    "eV": (("MeV", 1e6), ("keV", 1e3), ("eV", 1.0), ("meV", 1e-3)),
    "rad": (("rad", 1.0), ("mrad", 1e-3), ("µrad", 1e-6)),
    "s": (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)),
}
#: Units that only a declaration asks for, and their sizes.
ON_REQUEST = {("rad", "deg"): ("°", math.pi / 180), ("Å", "mm"): ("mm", 1e7)}

#: A factor of a unit: what stands before it, its name, and its power; and a unit made of such factors.
FACTOR = re.compile(r"(^|\*|/)\s*([^\W\d]+)\s*(?:(?:\*\*|\^)\s*(-?\d+))?\s*")
FORMULA = re.compile(rf"(?:1\s*(?=/))?(?:{FACTOR.pattern})+")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def unit_text(unit: str | None) -> str:
    """A unit as it is printed: ``1/Å/Å`` and ``Å**-2`` become Å⁻², and that of a bare number nothing."""
    if unit is None or unit in ("", "1", "dimensionless"):
        return ""
    if not FORMULA.fullmatch(unit):
        return unit
    powers: dict[str, int] = {}
    for sign, name, power in FACTOR.findall(unit):
        powers[name] = powers.get(name, 0) + (-1 if sign == "/" else 1) * int(power or 1)
    return " ".join(name + _superscript(power) for name, power in powers.items() if power)


def _superscript(power: int) -> str:
    return "" if power == 1 else str(power).translate(SUPERSCRIPTS)


def shown_unit(size: float, unit: str) -> tuple[float, str]:
    """The unit in which a quantity of about ``size`` reads best.

    Parameters
    ----------
    size : float
        In ``unit``.
    unit : str
        As values carry it, such as ``"1/Å"``.

    Returns
    -------
    (float, str)
        What numbers are to be multiplied by, and the unit they are then in, as it is printed.
    """
    choices = SHOWN.get(unit)
    if choices is None:
        return 1.0, unit_text(unit)
    if size == 0 or not math.isfinite(size):
        return 1.0, next(text for text, factor in choices if factor == 1.0)
    # 0.9999999 nm is 1 nm: the last bits of a product must not choose the unit.
    fits = [(text, factor) for text, factor in choices if abs(size) >= factor * (1 - 1e-9)]
    text, factor = fits[0] if fits else choices[-1]
    return 1.0 / factor, text


def significant(number: float, digits: int = 4) -> str:
    """A number with so many significant digits: 12346, 0.01235, 1.235×10⁻⁷."""
    if not math.isfinite(number):
        return {math.inf: "∞", -math.inf: "−∞"}.get(number, "not a number")
    if number == 0:
        return "0"
    exponent = math.floor(math.log10(abs(number)))
    if -4 <= exponent < 7:
        text = f"{number:.{max(0, digits - 1 - exponent)}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
    mantissa, power = f"{number:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return f"{mantissa}×10{str(int(power)).translate(SUPERSCRIPTS)}"


def quantity(value: object, unit: str | None = None, *, shown: str | None = None, digits: int = 4) -> str:
    """A value with its unit, scaled to be read.

    Parameters
    ----------
    value : object
        A number in ``unit``, a list of them, or anything else, which is printed as it is; None is "not set".
    unit : str, optional
        The unit the number is in.
    shown : str, optional
        The unit a declaration wants it shown in, where that is not a mere power of ten of ``unit`` (degrees).
    digits : int
        Significant digits.
    """
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(quantity(item, unit, shown=shown, digits=digits) for item in value)
    if isinstance(value, int) and not unit:
        return str(value).replace("-", "−")
    if not isinstance(value, int | float):
        return str(value)
    if (unit, shown) in ON_REQUEST:
        text, size = ON_REQUEST[unit or "", shown or ""]
        factor = 1.0 / size
    else:
        factor, text = shown_unit(value, unit or "")
    return f"{significant(value * factor, digits)} {text}".rstrip().replace(" °", "°")
