"""How carefully a request should be looked at. Lint decides it, lanes and pages follow it."""

from enum import StrEnum


class Risk(StrEnum):
    """The risk class of a request's connectivity, lowest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
