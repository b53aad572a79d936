"""Guards of waiting for Kubernetes, of patience with a cluster, and of the closed door."""

from tests.support.guard_mutant import GuardMutant

# fmt: off
WAITING: tuple[GuardMutant, ...] = (
    GuardMutant("a retirement closes the door before it drains",
        "services.phases.retire", "revoke", "closed = _close(work)", "closed = ()",
        "tests/services/test_closed_door.py::test_countable_kinds_go_to_zero_and_other_bounds_stay"),
    GuardMutant("a door the server stored open is not believed closed",
        "services.phases.retire", "_close_one", "if not _is_closed(stored):", "if False:",
        "tests/services/test_closed_door.py::test_a_server_that_stores_an_open_door_is_not_believed"),
    GuardMutant("a namespace that ends already needs no door",
        "services.phases.retire", "_close", "or _is_going(work)", "",
        "tests/services/test_closed_door.py::test_deleted_by_somebody_it_needs_no_door"),
    GuardMutant("a drain has a bound",
        "services.phases.retire", "drain",
        "work.waited.total_seconds() >= settings.DRAIN_SECONDS", "False",
        "tests/services/test_waiting.py::"
        "test_after_a_bound_it_goes_on_to_delete_with_deny_all_standing"),
    GuardMutant("looks at what lasts become rarer",
        "services.waiting", "pause_after", "if waited < QUICK_FOR:", "if True:",
        "tests/services/test_waiting.py::"
        "test_it_is_looked_at_often_for_ten_seconds_then_ever_rarer"),
    GuardMutant("a look is never further away than a minute",
        "services.waiting", "pause_after", "min(LONGEST_PAUSE, waited / 10)", "waited / 10",
        "tests/services/test_waiting.py::"
        "test_it_is_looked_at_often_for_ten_seconds_then_ever_rarer"),
    GuardMutant("what is stuck is told once",
        "services.runs", "Journal.wait", "self.stuck_at is None and is_stuck", "is_stuck",
        "tests/services/test_waiting.py::"
        "test_after_minutes_it_is_stuck_with_one_event_and_its_holders"),
    GuardMutant("a wait that is over is not remembered",
        "services.runs", "Journal._move", "**NOT_WAITING, ", "",
        "tests/services/test_waiting.py::test_it_ends_by_itself_when_it_is_lifted"),
    GuardMutant("a failed look takes nothing back of what was read",
        "services.give_way", "_keeps_its_state",
        "journal.run is None and journal.state in AT_REST", "False",
        "tests/services/test_patience.py::"
        "test_a_failed_look_leaves_ready_with_its_last_verification[ServerFault]"),
    GuardMutant("what was read and is not as it should be is not called ready",
        "services.give_way", "_keeps_its_state", "not isinstance(error, ChangedMeanwhile)", "True",
        "tests/services/test_shell_access.py::test_a_role_that_goes_missing_later_is_noticed"),
    GuardMutant("a failed look does not end a wait",
        "services.give_way", "_keeps_its_state", " or journal.waiting_since is not None", "",
        "tests/services/test_waiting.py::test_a_failed_look_while_waiting_takes_nothing_back"),
    GuardMutant("a cluster waits as long as it asked",
        "services.give_way", "_wait_for_cluster", "at_least=trouble.retry_after", "at_least=0.0",
        "tests/services/test_patience.py::"
        "test_429_is_the_clusters_condition_for_as_long_as_it_asked"),
    GuardMutant("the observer waits too while a cluster asks for patience",
        "services.observe", "_due", ".exclude(patient)", "",
        "tests/services/test_patience.py::"
        "test_the_observer_is_patient_too_and_its_success_ends_it"),
    GuardMutant("a time that a wrong clock wrote hides no namespace",
        "services.turns", "_due_by_time", " | Q(next_at__gt=Now() + longest_plan())", "",
        "tests/services/test_claim.py::test_a_time_no_right_clock_plans_for_hides_nothing"),
)
# fmt: on
