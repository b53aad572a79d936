"""Guards of time: what went back is only looked at, until a person has decided what holds."""

from tests.support.guard_mutant import GuardMutant


def at_epoch(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    module, _, function = where.rpartition(":")
    return GuardMutant(
        guard, module, function, old, new, f"tests/services/test_epoch.py::test_{test}"
    )


def settling(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    module, _, function = where.rpartition(":")
    noticed_by = f"tests/services/test_after_restore.py::test_{test}"
    return GuardMutant(guard, module, function, old, new, noticed_by)


# fmt: off
EPOCH: tuple[GuardMutant, ...] = (
    at_epoch("an event the database does not hold is a break",
        "domain.epoch:broken_by", "if not is_known:", "if False:",
        "b3_what_was_retired_is_not_made_again_by_an_older_database"),
    at_epoch("how far history has come is written before a retirement removes anything",
        "services.reconcile:_bring_on",
        "require_epoch(namespace.cluster, work.cluster, standing)", "pass",
        "b3_what_was_retired_is_not_made_again_by_an_older_database"),
    at_epoch("another database with the same history is a break",
        "domain.epoch:broken_by", "said.database != known_database", "False",
        "a_copy_of_the_database_changes_nothing"),
    at_epoch("a cluster that knows less than was written there is a break",
        "domain.epoch:broken_by", "said.event < written", "False",
        "b6_a_cluster_that_forgot_is_only_looked_at"),
    at_epoch("a cluster that lost the epoch is a break",
        "domain.epoch:broken_by", "None if written is None else BreakKind.CLUSTER_OLDER", "None",
        "a_cluster_without_the_epoch_that_was_written_there_forgot_too"),
    at_epoch("nothing is claimed where a break is open",
        "services.turns:_due_by_time", '~is_only_looked_at("cluster"), ', "",
        "nothing_is_claimed_until_it_is_settled"),
    at_epoch("a break of the database holds for every cluster",
        "services.epoch:note_break", "everywhere if kind in OF_THE_DATABASE else [cluster]",
        "[cluster]", "a_break_of_the_database_holds_on_every_cluster"),
    at_epoch("another cluster's words are believed in nothing",
        "services.epoch:read_standing", "if uid != expected:", "if False:",
        "another_cluster_that_answers_is_believed_in_nothing"),
    at_epoch("an answer without kube-system is not whole",
        "services.epoch:_named", "if IDENTITY not in found:", "if False:",
        "an_answer_without_kube_system_says_nothing_about_anything"),
    settling("only platform admins decide what holds",
        "services.after_restore:settle", "if not by.permissions.is_platform_admin:", "if False:",
        "nobody_but_platform_admins_decides[alice]"),
    settling("every namespace that differs needs a choice",
        "services.after_restore:settle",
        "if choices.get(one.name) not in one.choices:", "if False:",
        "every_namespace_that_differs_needs_a_choice_that_there_is"),
    settling("nothing is decided on a picture from before",
        "services.after_restore:_locked", "if not is_seen_since(found):", "if False:",
        "nothing_is_decided_on_a_picture_from_before"),
    settling("a break is settled once",
        "services.after_restore:_locked", "if found.settled_at:", "if False:",
        "it_is_decided_once"),
)
