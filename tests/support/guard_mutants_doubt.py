"""Guards of what a proof is worth beside policies of others, and of guards that cannot be read."""

from tests.support.guard_mutant import GuardMutant

_OTHERS = "tests/services/test_policy_of_others.py::test_"
_GUARDS = "tests/services/test_cluster_guards.py::test_"

# fmt: off
DOUBT: tuple[GuardMutant, ...] = (
    GuardMutant("a policy that no plan contains takes the proof back",
        "services.phases.gate", "is_in_doubt", "work.is_opened or ", "",
        f"{_OTHERS}it_takes_the_word_back_and_nobody_is_let_go"),
    GuardMutant("beside a policy of others no fence is proven",
        "services.phases.gate", "open_gate", "if work.is_opened:", "if False:",
        f"{_OTHERS}where_it_stands_from_the_beginning_nothing_is_proven"),
    GuardMutant("beside a policy of others nobody is let go later",
        "services.reconcile", "_confirm", "not work.is_opened and ", "",
        f"{_OTHERS}it_takes_the_word_back_and_nobody_is_let_go"),
    GuardMutant("a look at a proven fence beside a policy of others is no confirmation",
        "services.reconcile", "_is_told_right", "work.is_proven != work.is_opened", "True",
        f"{_OTHERS}it_takes_the_word_back_and_nobody_is_let_go"),
    GuardMutant("an acknowledgement holds for what it was given for",
        "services.phases.work", "Work.is_opened",
        "not self.acknowledged().issuperset(others)", "not self.acknowledged()",
        f"{_OTHERS}acknowledged_it_counts_until_it_says_something_else"),
    GuardMutant("a fight about something else puts no doubt off",
        "services.reconcile", "_bring_on", ", is_urgent=is_urgent", "",
        f"{_OTHERS}a_fight_about_something_else_does_not_put_it_off"),
    GuardMutant("what only looks like the portal's goes",
        "services.reconcile", "_bring_on", ' and not work.outdated("NetworkPolicy")', "",
        f"{_OTHERS}what_only_looks_like_the_portals_goes_from_a_cluster_without_the_gate"),
    GuardMutant("guards that cannot be read any more are told",
        "services.guards", "_write", "if row.unread and not unread_before:", "if False:",
        f"{_GUARDS}what_cannot_be_read_any_more_is_told_once_and_tried_at_once"),
    GuardMutant("guards that cannot be read any more are tried at once",
        "services.guards", "note_reading", "if reading.unread and not row.unread:", "if False:",
        f"{_GUARDS}what_cannot_be_read_any_more_is_told_once_and_tried_at_once"),
    GuardMutant("one cluster's trouble ends no round of tries",
        "services.guards", "check_due", "_check_alone(", "_check(",
        f"{_GUARDS}what_breaks_on_one_cluster_keeps_no_other_from_being_tried"),
    GuardMutant("guards are read before the lists",
        "services.observe", "_look_at", "_look_at_guards(look, lists.cluster, now=clock())", "pass",
        f"{_GUARDS}lists_that_fail_hide_no_guard_that_is_missing"),
)
# fmt: on
