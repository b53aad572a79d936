"""What one mutant of a guard is; the list is in guard_mutants.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GuardMutant:
    """`function` is a dotted name in `module`, which is under onboarding or is portal's own."""

    guard: str
    module: str
    function: str
    old: str
    new: str
    noticed_by: str

    def __str__(self) -> str:
        return self.guard
