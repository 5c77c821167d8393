"""Chemical elements by their symbols, and the package that builds particles and reads CIF."""

from __future__ import annotations

import re
from importlib.util import find_spec

from graph4d import UsageError
from graph4d.errors import suggestion

__all__ = ["SYMBOLS", "atomic_number", "need_ase"]

#: From Z = 1 on.
SYMBOLS = re.findall(
    "[A-Z][a-z]?",
    "HHeLiBeBCNOFNeNaMgAlSiPSClArKCaScTiVCrMnFeCoNiCuZnGaGeAsSeBrKrRbSrYZrNbMoTcRuRhPdAgCdInSnSbTeIXeCsBa"
    "LaCePrNdPmSmEuGdTbDyHoErTmYbLuHfTaWReOsIrPtAuHgTlPbBiPoAtRnFrRaAcThPaUNpPuAmCmBkCfEsFmMdNoLr",
)


def atomic_number(symbol: str) -> int:
    """Of an element, by its symbol.

    Raises
    ------
    UsageError
        There is no such element.
    """
    if symbol not in SYMBOLS:
        raise UsageError(f"{symbol!r} is no element{suggestion(symbol, SYMBOLS)}; write its symbol, such as Au")
    return SYMBOLS.index(symbol) + 1


def need_ase(what: str) -> None:
    """Make sure that ASE can be imported, which is needed for ``what``.

    Raises
    ------
    UsageError
        It is not installed.
    """
    if find_spec("ase") is None:
        raise UsageError(f"{what} by the package ASE, which is not installed; pip install 'graph4d[simulate]'")
