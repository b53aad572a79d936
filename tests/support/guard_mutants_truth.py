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
    GuardMutant("what is stored is not compared with today's facts as if it had been approved",
        "pages.outdated", "build_outdated", " and row.checks_out", "",
        "tests/web/test_does_not_check_out.py::test_it_is_not_compared_with_todays_facts"),
    GuardMutant("what is stored is not noted as outdated",
        "services.outdated", "_outdated", " or not namespace.checks_out", "",
        "tests/web/test_does_not_check_out.py::test_it_is_not_compared_with_todays_facts"),
    GuardMutant("what is stored has no badge of being outdated",
        "templatetags.bulkhead", "outdated_badge", " or not namespace.checks_out", "",
        "tests/web/test_does_not_check_out.py::test_it_is_not_compared_with_todays_facts"),
    GuardMutant("what is stored is not handed out to be applied",
        "views.namespaces", "namespace_yaml", "if not row.checks_out:", "if False:",
        "tests/web/test_does_not_check_out.py::test_it_is_not_handed_out_to_be_applied"),
    GuardMutant("who sees all is told of rows that do not check out",
        "queries.troubles", "held_up", "Q(state__in=[_BLOCKED, _DRIFTED])",
        "Q(state__in=[_DRIFTED])",
        "tests/web/test_does_not_check_out.py::test_who_sees_all_and_its_team_are_told_at_home"),
)
# fmt: on
