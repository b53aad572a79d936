"""Guards of what is believed: what was stored, whose it is, and that once is not enough."""

from tests.support.guard_mutant import GuardMutant


def believing(name: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of what was stored, in `module.function` of the phases."""
    module, _, function = name.partition(".")
    guard = f"believe only what was stored: {name}, {new} for {old}"
    noticed_by = f"tests/services/test_believe_what_is_stored.py::test_{test}"
    return GuardMutant(guard, f"services.phases.{module}", function, old, new, noticed_by)


def on_the_server(name: str, old: str, new: str, test: str) -> GuardMutant:
    """The same guard, noticed on the real API server too."""
    module, _, function = name.partition(".")
    guard = f"on the real API server: {name}, {old}"
    noticed_by = f"tests/cluster/test_whose_namespace.py::test_{test}"
    return GuardMutant(guard, f"services.phases.{module}", function, old, new, noticed_by)


def whose(guard: str, name: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of whose a namespace is, in `module:function`."""
    module, _, function = name.partition(":")
    noticed_by = f"tests/services/test_whose_namespace.py::test_{test}"
    return GuardMutant(guard, module, function, old, new, noticed_by)


# fmt: off
BELIEVED: tuple[GuardMutant, ...] = (
    believing("fence.fence",
        "if stored is None or left:", "if stored is None:",
        "a_fence_that_is_changed_after_it_was_applied_is_not_believed"),
    believing("fence.fence",
        "if stored is None or left:", "if left and stored:",
        "a_fence_that_is_gone_when_read_back_is_not_believed"),
    believing("work.Work.bring",
        "self.check_stored(planned.key, wanted, stored)", "pass",
        "a_policy_that_is_rewritten_on_its_way_in_is_not_believed"),
    believing("create.create",
        "work.check_stored(planned.key, wanted, stored)", "pass",
        "a_namespace_that_is_rewritten_on_its_way_in_is_not_believed_but_remembered"),
    believing("verify.verify",
        "check_equal(work)", "pass",
        "what_is_changed_before_the_last_look_is_not_ready"),
    believing("work.Work.remove",
        ', uid=text(self.live[key], "metadata", "uid")', "",
        "what_took_the_name_of_an_object_meanwhile_is_not_removed"),
    on_the_server("fence.fence",
        "if stored is None or left:", "if stored is None:",
        "a_fence_opened_after_it_was_applied_is_not_believed"),
    on_the_server("work.Work.bring",
        "self.check_stored(planned.key, wanted, stored)", "pass",
        "a_policy_rewritten_on_its_way_in_is_not_believed"),
    on_the_server("create.create",
        "work.check_stored(planned.key, wanted, stored)", "pass",
        "a8b_a_namespace_rewritten_on_its_way_in_is_remembered_removed_and_truly_gone"),
    on_the_server("verify.verify",
        "check_equal(work)", "pass",
        "what_is_changed_just_before_it_is_verified_is_not_ready"),
    on_the_server("work.Work.remove",
        ', uid=text(self.live[key], "metadata", "uid")', "",
        "what_took_the_name_of_an_object_meanwhile_is_not_removed"),
    GuardMutant("a uid is remembered before anything is compared",
        "services.reconcile", "_run", "_remember(journal, work)", "pass",
        "tests/services/test_whose_namespace.py::"
        "test_a8b_the_uid_is_written_down_although_the_phase_failed"),
    whose("nothing is made again because of one answer", "services.reconcile:_look",
        "(observe(work) or observe(work))", "observe(work)",
        "b2_one_answer_that_there_is_nothing_makes_nothing_again"),
    whose("nothing is gone because of one answer", "services.reconcile:_end",
        "holder = confirm_absence(work)", 'holder = ""',
        "b1_one_answer_that_there_is_nothing_ends_no_retirement"),
    whose("what was never there is not called gone", "services.reconcile:_end",
        "was_there = bool(work.uid) or namespace.known_uid is not None", "was_there = True",
        "a5b_what_could_not_be_made_because_the_name_is_taken_was_never_created"),
    whose("a mark counts with the guarded label only", "domain.ownership:marks_of",
        "if not is_managed(namespace):", "if False:",
        "a_mark_without_the_guarded_label_can_be_forged_and_counts_for_nothing"),
    whose("what carries our marks is never called gone", "services.phases.observe:find_own",
        "if owner is Whose.MARKED and work.uid:", "if False:",
        "a11_a_namespace_restored_during_its_removal_is_never_called_gone"),
    whose("a label alone is neither removed nor called gone", "services.phases.observe:find_own",
        "if owner is Whose.UNCERTAIN and work.uid:", "if False:",
        "a_labelled_namespace_of_an_unknown_request_is_neither_removed_nor_called_gone"),
    whose("what was restored is not written to", "services.phases.identity:check_is_ours",
        "if owner is Whose.OURS:", "if owner is not Whose.OTHERS:",
        "a11_a_restored_namespace_waits_for_a_person_and_nothing_is_written"),
    whose("what was restored meanwhile is not taken over", "services.phases.create:_check_is_empty",
        "if any(", "if False and any(",
        "a11_what_was_restored_while_the_portal_made_it_anew_is_not_taken_over"),
    whose("another content of the same generation is a conflict",
        "services.phases.work:Work.check_generation", "if is_same_number and", "if False and",
        "b4_the_same_generation_of_another_content_is_a_conflict"),
    whose("what stays blocked is no event each hour", "services.give_way:_block",
        "if journal.state is NamespaceState.BLOCKED and (", "if False and (",
        "looking_again_at_what_stays_blocked_is_no_event"),
)
# fmt: on
