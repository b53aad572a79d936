"""Guards of what workers believe, and of what an approval is about."""

from tests.support.guard_mutant import GuardMutant


def believed(guard: str, function: str, old: str, new: str, forgery: str) -> GuardMutant:
    """A guard of `services.approved`; `forgery` is the row that shows its absence."""
    test = "test_g38_what_was_changed_by_sql_changes_nothing_on_the_cluster"
    noticed_by = f"tests/services/test_approved.py::{test}[{forgery}]"
    return GuardMutant(
        f"workers believe only {guard}", "services.approved", function, old, new, noticed_by
    )


# fmt: off
APPROVED: tuple[GuardMutant, ...] = (
    believed("what was approved", "_contradictions",
        "if request.state != RequestState.APPROVED.value:", "if False:", "the state"),
    believed("what is of this namespace", "_contradictions",
        "if not _belongs(namespace, revision):", "if False:", "the name"),
    believed("what follows on what was", "_contradictions",
        "if not _is_next(revision, generations):", "if False:", "the base"),
    believed("digests of what is said", "_contradictions",
        "if request.digest != _right_digest(request, subject, plan)", "if False",
        "the plan of the request"),
    believed("earlier digests of what was approved earlier", "_right_digest",
        "return plan.digest if is_earlier else subject.digest", "return plan.digest",
        "digests of the plan alone"),
    believed("a revision that is its request's", "_contradictions",
        "if not _is_same(revision.plan, request.plan)", "if False", "the plan of the revision"),
    believed("decisions that count", "_counts",
        "return decision.vote == Vote.APPROVE.value and decision.voided_at is None", "return True",
        "what was said"),
    believed("decisions of this digest", "_missing_approvals",
        "if decision is None or decision.digest != request.digest:", "if decision is None:",
        "what it was said of"),
    believed("decisions of others than who asked", "_missing_approvals",
        "elif decision.person_id in authors or decision.requester_id != request.requester_id:",
        "elif False:", "who decided"),
    GuardMutant("what a taken-over web forges is not applied", "services.reconcile", "_bring_on",
        "check_signed(journal.revision, work)", "pass",
        "tests/attack/test_taken_over_web.py::"
        "test_g38_whatever_is_written_to_the_rows_the_cluster_gets_what_was_signed"),
    GuardMutant("an approval is for what the row says", "services.decide", "_check_digest",
        "if subject_of(request).digest == request.digest:", "if True:",
        "tests/services/test_decide.py::"
        "test_m14_a_row_that_was_changed_behind_the_portal_is_not_approved"),
    GuardMutant("an approval binds the answers, not the objects alone",
        "plan.subject", "Subject._tree", '"spec": self.spec,', '"spec": {},',
        "tests/services/test_decide.py::"
        "test_m1_an_edit_that_changes_no_object_is_another_digest[lifetime_days]"),
    GuardMutant("leaving a data class asks its lanes", "plan.approvals", "_choice_reasons",
        "if before is not None and is_other_class:", "if False:",
        "tests/unit/test_approvals.py::"
        "test_m2_to_call_restricted_data_something_else_asks_security[public]"),
    GuardMutant("a contradicted generation is not believed", "services.phases.work",
        "Work.check_generation",
        "if written > self.generation and request not in self.own_requests:",
        "if written > self.generation:",
        "tests/services/test_whose_namespace.py::"
        "test_m3_a_number_that_our_own_history_contradicts_is_a_difference_and_repaired[key0]"),
    GuardMutant("what is blocked for access is kept up", "services.give_way", "_look_again",
        "if trouble.blocked in REPAIRED_WHILE_BLOCKED:", "if False:",
        "tests/services/test_drift.py::"
        "test_m5_what_is_blocked_for_access_goes_on_being_repaired_at_the_usual_pace"),
    GuardMutant("what is blocked for access is seen by every look", "services.compare_observed",
        "_kept_up", "| is_blocked", "", "tests/services/test_compare_observed.py::"
        "test_m5_what_is_blocked_for_access_is_woken_by_what_a_look_finds"),
    GuardMutant("a lease that no worker takes holds nothing", "services.turns", "is_held",
        ", lease_until__lte=longest", "",
        "tests/services/test_claim.py::test_a_lease_that_no_worker_takes_hides_nothing"),
    GuardMutant("nobody of the team decides in production", "services.separation",
        "check_rules", "if SeparationRule.OUTSIDE_THE_TEAM in rules:", "if False:",
        "tests/services/test_separation.py::test_in_production_nobody_of_the_team_decides"),
    GuardMutant("in production one person decides one lane", "services.separation",
        "check_rules", "if SeparationRule.ONE_LANE_EACH in rules:", "if False:",
        "tests/services/test_separation.py::test_in_production_one_person_decides_one_lane"),
    GuardMutant("lanes that one person would decide alone are not asked", "queries.deciders",
        "too_few", "< size:", "< 0:",
        "tests/services/test_separation.py::test_two_lanes_with_one_person_are_refused_when_sent"),
    GuardMutant("two accounts of one person are one person to decide", "queries.deciders",
        "Deciders.persons", "person_of[account.pk]", "account.pk",
        "tests/services/test_one_person.py::test_two_accounts_do_not_make_two_lanes_decidable"),
    GuardMutant("who decided is known by every account of theirs", "queries.deciders",
        "load_deciders", "*barred, ", "",
        "tests/services/test_one_person.py::"
        "test_whoever_decided_is_known_by_their_other_account_when_the_role_is_gone"),
)
