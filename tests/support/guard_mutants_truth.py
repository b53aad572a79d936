"""Guards of what pages say where two parts meet: an approval during a look, what ended, findings."""

from tests.support.guard_mutant import GuardMutant

# fmt: off
TRUTH: tuple[GuardMutant, ...] = (
    GuardMutant("a claim of an earlier generation writes nothing",
        "services.claim", "Claim.rows", ".filter(generation=self.namespace.generation)", "",
        "tests/services/test_approved_meanwhile.py::"
        "test_a_removal_approved_during_a_look_is_not_called_ready"),
    GuardMutant("what was approved during a look waits for no lease",
        "services.claim", "Claim.hand_over", "self._held.update(", "self._held.none().update(",
        "tests/services/test_approved_meanwhile.py::"
        "test_a_removal_approved_during_a_look_is_not_put_off"),
)
# fmt: on
