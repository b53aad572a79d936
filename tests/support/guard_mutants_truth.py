"""Guards of what is said where two parts meet: an approval during a look, what ended, findings."""

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
    GuardMutant("a request is not done because a later one is",
        "queries.progress", "_is_confirmed", "observed_generation == ", "observed_generation >= ",
        "tests/services/test_progress.py::"
        "test_a_refused_request_is_not_done_because_the_one_after_it_was_taken"),
    GuardMutant("what is lost with its cluster waits for nothing",
        "services.close_cluster", "_lose_namespaces", "**NOT_WAITING,", "",
        "tests/services/test_close_cluster.py::"
        "test_what_was_lost_neither_waits_nor_is_outdated_nor_runs"),
)
# fmt: on
