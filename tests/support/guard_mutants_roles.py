"""Guards of who the portal is to its database.

What the database refuses by itself is no mutant: tests/services/test_final_rows.py drops each
trigger in turn.
"""

from tests.support.guard_mutant import GuardMutant

NOTICED = "tests/services/test_database_roles.py::test_m15_"

ROLES = (
    GuardMutant("a role that can rewrite history is refused", "services.application_role",
        "_judge", "if beyond := powers_beyond(connection):", "if beyond := []:",
        NOTICED + "no_process_starts_with_a_role_that_can_rewrite_history"),
    GuardMutant("a refused connection is not used after all", "services.application_role",
        "_judge", "        connection.close()\n", "",
        NOTICED + "a_database_that_answers_later_is_asked_then"),
    GuardMutant("a database that answers late is asked then", "services.application_role",
        "watch_database_role", "connection_created.connect(_judge)", "pass",
        NOTICED + "a_database_that_answers_later_is_asked_then"),
    GuardMutant("the check of a deployment names what the role may", "checks",
        "check_database_role", "for words in beyond", "for words in []",
        NOTICED + "the_check_of_a_deployment_names_what_the_role_may"),
)  # fmt: skip
