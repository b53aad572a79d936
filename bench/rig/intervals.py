"""Medians and how far to trust them. Pure; the resampling is seeded, so a CSV gives one answer."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 4000
SEED = 17


@dataclass(frozen=True)
class Interval:
    """A median with its bootstrap 95 % interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"

    def clears(self, bar: float) -> str:
        """`met` or `missed` when the whole interval says so, else `inconclusive`."""
        if self.low >= bar:
            return "met"
        return "missed" if self.high < bar else "inconclusive"


def interval_of(values: Sequence[float]) -> Interval:
    """Resample the blocks with replacement and take the middle 95 % of their medians."""
    chance = random.Random(SEED)
    medians = sorted(
        statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES)
    )
    edge = int(RESAMPLES * 0.025)
    return Interval(statistics.median(values), medians[edge], medians[-edge - 1])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]
