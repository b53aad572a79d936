"""Guards of what a database has to be like, and of what carries marks without a row."""

from tests.support.guard_mutant import GuardMutant


def in_database(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard in `module:function`, noticed in test_repair.py."""
    module, _, function = where.partition(":")
    noticed_by = f"tests/services/test_repair.py::test_{test}"
    return GuardMutant(guard, module, function, old, new, noticed_by)


def of_marks(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard in `module:function` of namespaces without a row."""
    module, _, function = where.partition(":")
    return GuardMutant(guard, module, function, old, new, f"tests/{test}")


# fmt: off
DATABASES: tuple[GuardMutant, ...] = (
    in_database("a database that is still to be repaired can be migrated",
        "queries.triggers:lacking_triggers", "if REPAIRED_BY in applied", "if True",
        "a_database_that_is_still_to_be_repaired_can_be_migrated"),
    in_database("a trigger that is missing is named",
        "queries.triggers:_compare", "if lack]", "if False]",
        "the_check_of_a_database_names_what_it_lacks"),
    in_database("triggers that were made again are an event",
        "services.restore_triggers:restore_triggers", "if made:", "if False:",
        "the_owner_makes_them_again_and_history_says_so"),
    in_database("a process that starts says which triggers are lacking",
        "services.restore_triggers:report_lacking_triggers",
        "for one in lacking_triggers(connection):", "for one in ():",
        "a_process_that_starts_says_in_the_log_what_is_lacking"),
    in_database("asking what is to be applied writes nothing",
        "management.commands.migrate:Command.handle",
        'not options["check_unapplied"] and not options["plan"]', "True",
        "asking_what_is_to_be_applied_writes_nothing"),
    in_database("a migration is known by the name it has today",
        "services.rename_migrations:rename_migrations", "RENAMED.items()", "()",
        "what_was_applied_under_an_old_name_is_known_by_todays"),
    of_marks("what has the name of a row for which it is taken is not known by it",
        "queries.portals:unknown_here", "reason != BlockedReason.TAKEN.value", "True",
        "services/test_seen_names.py::"
        "test_what_has_the_name_of_a_row_stays_unknown_while_it_is_taken"),
    of_marks("one that was made anew was not seen before",
        "services.observed_rows:write_namespaces", 'if old["uid"] == one.uid else', "if True else",
        "services/test_seen_names.py::"
        "test_one_that_was_made_anew_under_its_name_is_seen_since_then"),
    of_marks("who asks for the name of what this portal made and forgot is told",
        "queries.names:check_name", "if holder and holder.is_ours else", "if False else",
        "services/test_seen_names.py::"
        "test_what_this_portal_made_and_forgot_is_named_to_who_asks_for_its_name"),
    of_marks("only the team it was made for asks for what was forgotten",
        "queries.names:check_name", "holder.team == team", "True",
        "services/test_forgotten.py::test_nobody_else_can"),
    of_marks("what was made for another team is not taken over",
        "services.phases.identity:is_forgotten", "== [team]", "== [team] or True",
        "services/test_forgotten.py::"
        "test_what_is_not_marked_as_made_for_the_team_is_somebody_elses[bulkhead.dev/team]"),
    of_marks("what another portal made is not taken over",
        "services.phases.identity:is_forgotten", "portal_of(found) == work.portal and ", "",
        "services/test_forgotten.py::test_what_another_portal_made_is_somebody_elses"),
    of_marks("what a known request made is not forgotten",
        "services.phases.identity:is_forgotten", " and not is_known", "",
        "services/test_reappear.py::"
        "test_b6_where_the_name_was_given_anew_it_is_told_and_the_name_stays_whose_it_is"),
    of_marks("what was forgotten waits for who compares",
        "services.phases.create:_take_over_own", "raise forgotten(work)", "pass",
        "services/test_forgotten.py::"
        "test_approved_nothing_is_written_until_somebody_has_seen_what_stands_there"),
    of_marks("what carries this portal's marks has no other owner to ask",
        "pages.guidance:_remedy", "if row.reason == BlockedReason.TAKEN.value:", "if False:",
        "web/test_guidance.py::"
        "test_who_can_free_a_name_that_is_taken_depends_on_who_made_what_has_it"),
)
# fmt: on
