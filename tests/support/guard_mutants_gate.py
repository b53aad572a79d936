"""Guards of the fence gate: when a fence counts as proven, and whom it lets go."""

from tests.support.guard_mutant import GuardMutant

TESTS = "tests/services/test_fence_gate.py"

# fmt: off
FENCE_GATE: tuple[GuardMutant, ...] = (
    GuardMutant("tampering with what fences takes the proof back",
        "services.reconcile", "_doubt", "is_in_doubt(work, drift)", "False",
        f"{TESTS}::TestDoubt::"
        "test_tampering_takes_the_word_back_before_anything_is_repaired"),
    GuardMutant("a change that finds deny-all open takes the proof back",
        "services.phases.gate", "is_in_doubt",
        'difference.path[:2] != ("metadata", "annotations")', "False",
        f"{TESTS}::TestDoubt::test_a_change_that_finds_deny_all_open_takes_it_back"),
    GuardMutant("what does not fence takes no proof back",
        "services.phases.gate", "is_in_doubt",
        "any(sighting.is_fence for sighting in drift)", "drift",
        f"{TESTS}::TestDoubt::test_what_does_not_fence_keeps_no_pod_waiting"),
    GuardMutant("a row alone proves no fence",
        "services.phases.gate", "is_in_doubt",
        "not says_proven(work.live.get(work.namespace_key, {}))", "False",
        f"{TESTS}::TestDoubt::"
        "test_a_row_that_says_so_before_everything_stands_is_not_believed"),
    GuardMutant("the proof of one namespace proves nothing of another of its name",
        "models.namespaces", "ManagedNamespace.is_fence_proven",
        "self.fenced_uid == self.uid", "bool(self.fenced_uid)",
        f"{TESTS}::TestDoubt::test_the_proof_of_another_uid_proves_nothing"),
    GuardMutant("what is made again is proven anew",
        "services.phases.create", "create", "work.is_proven = False", "work.is_proven = True",
        f"{TESTS}::TestDoubt::test_a_namespace_that_was_deleted_outside_is_proven_anew"),
    GuardMutant("what was changed while a fence was proven is not called proven",
        "services.phases.gate", "_prove",
        "live is None or differences(work.wanted(planned), live)", "live is None",
        f"{TESTS}::TestProof::"
        "test_what_was_changed_while_it_was_proven_is_not_called_proven"),
    GuardMutant("a cluster without the gate gets no label",
        "services.phases.gate", "open_gate", "if not work.has_gate:", "if False:",
        f"{TESTS}::TestProof::test_a_cluster_without_the_gate_is_not_asked_about_pods"),
    GuardMutant("whoever proved a fence looks once more",
        "services.reconcile", "_until_next_look", "if work.look_again", "if False",
        f"{TESTS}::TestRelease::test_whoever_proved_a_fence_looks_once_more_at_once"),
    GuardMutant("a later look lets go who waits",
        "services.reconcile", "_confirm", "if work.has_gate and not work.is_opened and",
        "if False and",
        f"{TESTS}::TestRelease::test_one_that_was_stored_too_late_goes_with_that_look"),
    GuardMutant("a pod that may not be changed keeps no other waiting",
        "services.phases.gate", "_lift", "(Refused, ServerFault, WriteConflict)", "()",
        f"{TESTS}::TestRelease::test_one_that_may_not_be_changed_keeps_no_other_waiting"),
    GuardMutant("one look lets go so many and no more",
        "services.phases.gate", "release", "waiting[: MOST_AT_ONCE - len(done)]", "waiting",
        f"{TESTS}::TestRelease::test_many_are_released_a_part_at_a_time"),
    GuardMutant("a listing is repeated while pods come",
        "services.phases.gate", "release", "range(LISTINGS)", "range(1)",
        f"{TESTS}::TestRelease::"
        "test_one_that_comes_while_others_are_let_go_goes_with_them"),
    GuardMutant("a pod that waits for what is proven wakes a worker",
        "services.observed_rows", "write_namespaces", "woken | waiting", "woken",
        f"{TESTS}::TestLook::test_a_pod_that_waits_for_what_is_proven_wakes_a_worker"),
    GuardMutant("a list that begins anew counts the pods that wait once",
        "services.compare_observed", "Expectations._counted", "self.waiting.clear()", "pass",
        f"{TESTS}::TestLook::test_a_list_that_begins_anew_counts_once"),
    GuardMutant("a pod that is being deleted is left to it",
        "domain.fence_gate", "is_gated", "not is_going and", "",
        f"{TESTS}::TestRelease::test_one_that_is_being_deleted_is_left_to_it"),
)
# fmt: on
