"""Guards of the guards: what is compared, tried and told of a cluster's admission policies."""

from tests.support.guard_mutant import GuardMutant

_LOOKS = "tests/services/test_cluster_guards.py::test_"
_UNIT = "tests/unit/test_refusals.py::test_"
_PAGES = "tests/web/test_unguarded.py::test_"

# fmt: off
ADMISSION: tuple[GuardMutant, ...] = (
    GuardMutant("a guard that is missing is found",
        "cluster.guards", "_finding", 'yield f"{key_of(wanted)} is missing"', "yield from ()",
        f"{_LOOKS}what_is_missing_is_told_once_and_its_return_once"),
    GuardMutant("a guard that was changed is found",
        "cluster.guards", "_finding", "if changed:", "if False:",
        f"{_LOOKS}a_guard_that_was_weakened_is_named_with_its_field[it audits only]"),
    GuardMutant("what teams may do beyond what is shipped is found",
        "cluster.guards", "_widened_roles", "if more:", "if False:",
        f"{_LOOKS}a_role_of_all_teams_that_gives_more_is_named_with_what_it_gives"),
    GuardMutant("what may not be read is never called guarded",
        "cluster.guards", "read_guards", "GuardReading(unread=str(error))", "GuardReading()",
        f"{_LOOKS}what_may_not_be_read_is_unknown_and_never_called_guarded"),
    GuardMutant("what was found stays known while it may not be read",
        "services.guards", "note_reading", "if not reading.unread:", "if True:",
        f"{_LOOKS}what_was_found_stays_known_while_it_may_not_be_read"),
    GuardMutant("an event only where something begins, is another, or ends",
        "services.guards", "_write",
        "if after != before or (unread_before and not row.unread):", "if after:",
        f"{_LOOKS}a_good_look_does_not_disprove_what_the_self_check_found"),
    GuardMutant("the self-check is not run by two at once",
        "services.guards", "_claim", "filter(free, pk=row.pk)", "filter(pk=row.pk)",
        f"{_LOOKS}two_workers_do_not_check_at_once"),
    GuardMutant("the self-check waits a day",
        "services.guards", "note_check", "else CHECK_EVERY", "else CHECK_AGAIN",
        f"{_LOOKS}the_self_check_is_repeated_daily"),
    GuardMutant("the self-check is repeated sooner while something is wrong",
        "services.guards", "note_check", "CHECK_AGAIN if wrong else", "",
        f"{_LOOKS}a_failing_line_is_found_told_and_tried_again_within_the_hour"),
    GuardMutant("a cluster in a bad condition is not tried",
        "services.guards", "_due", "condition=ClusterCondition.OK.value, ", "",
        f"{_LOOKS}a_cluster_that_is_not_to_be_asked_is_not_checked[fields0]"),
    GuardMutant("refused by something else proves nothing",
        "cluster.refusals", "problem_of", 'return "" if by_it else', 'return "" if True else',
        f"{_UNIT}refused_by_its_line_is_right_and_everything_else_wrong"),
    GuardMutant("no answer is no finding",
        "cluster.refusals", "problem_of", "if error.status is None or", "if False and",
        f"{_UNIT}no_answer_is_no_finding[error0]"),
    GuardMutant("a cluster whose guards cannot be read is not called guarded",
        "queries.guards", "_state", "if row.unread:", "if False:",
        f"{_PAGES}what_may_not_be_read_is_unknown_and_says_what_to_run"),
    GuardMutant("before the first look nothing is called guarded",
        "queries.guards", "_state", '"unseen" if row.differing is None else "guarded"', '"guarded"',
        f"{_PAGES}before_the_first_look_nothing_is_said_of_it"),
)
# fmt: on
