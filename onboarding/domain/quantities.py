"""Kubernetes resource quantities: `500m`, `2`, `4Gi`. Source: API conventions, "Quantity"."""

import re
from decimal import Decimal, InvalidOperation

_QUANTITY = re.compile(r"\A(\d+(?:\.\d+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?\Z")
_FACTOR = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{
        unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)
    },
    **{
        f"{unit}i": Decimal(1024) ** power
        for power, unit in enumerate(("K", "M", "G", "T", "P", "E"), 1)
    },
}
_FINE = {"n": Decimal("1e-9"), "u": Decimal("1e-6")}


def check_quantity(text: str) -> list[str]:
    """Return what is wrong with `text` as a quantity; [] if fine."""
    return [] if _QUANTITY.match(text) else [f"{text!r} is not a quantity such as 500m, 2 or 4Gi"]


def quantity(text: str) -> Decimal:
    """Return the amount in base units (cores, bytes, pieces). Raise ValueError if it is none."""
    match = _QUANTITY.match(text)
    if not match:
        raise ValueError(check_quantity(text)[0])
    number, unit = match.groups(default="")
    return Decimal(number) * _FACTOR[unit]


def amount(text: str) -> Decimal | None:
    """Return what an API server's quantity amounts to in base units; None if it cannot be read.

    Servers also write what people may not ask for: `1e3`, `250u`.
    """
    for unit, factor in _FINE.items():
        if text.endswith(unit):
            return _number(text.removesuffix(unit), factor)
    match = _QUANTITY.match(text)
    if not match:
        return _number(text, Decimal(1))
    return Decimal(match[1]) * _FACTOR[match[2] or ""]


def spelled(size: int) -> str:
    """Return bytes as Kubernetes writes them, rounded to one decimal: `120Gi`, `1.5Ti`."""
    for power, unit in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi")):
        scaled = Decimal(size) / Decimal(1024) ** power
        if scaled < 1024 or unit == "Pi":
            break
    return f"{scaled:.1f}".removesuffix(".0") + unit


def _number(text: str, factor: Decimal) -> Decimal | None:
    try:
        found = Decimal(text) * factor
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
