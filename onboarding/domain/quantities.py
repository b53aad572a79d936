"""Kubernetes resource quantities: `500m`, `2`, `4Gi`. Source: API conventions, "Quantity"."""

import re
from decimal import Decimal

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
