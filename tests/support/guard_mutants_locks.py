"""Guards of what the database does to those who wait for it: bounds, probes, threads, 503."""

from tests.support.guard_mutant import GuardMutant


def unavailable(guard: str, name: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of `views/unavailable.py` or another view, noticed by the pages' tests."""
    module, _, function = name.partition(":")
    noticed_by = f"tests/web/test_unavailable.py::test_{test}"
    return GuardMutant(guard, module, function, old, new, noticed_by)


def bounded(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    """A bound of our own on a connection to PostgreSQL."""
    noticed_by = f"tests/services/test_postgresql_waits.py::test_{test}"
    return GuardMutant(guard, "portal.postgresql.base", function, old, new, noticed_by)


def pooled(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    """Which thread answers what."""
    noticed_by = f"tests/unit/test_pools.py::test_{test}"
    return GuardMutant(guard, "portal.pools", function, old, new, noticed_by)


def probed(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    """The probe of /readyz."""
    noticed_by = f"tests/services/test_write_probe.py::test_{test}"
    return GuardMutant(guard, "services.write_probe", function, old, new, noticed_by)


# fmt: off
LOCKS: tuple[GuardMutant, ...] = (
    unavailable("the database's trouble is no bug of a page", "views.errors:server_error",
        "if error and (trouble := trouble_behind(error)):", "if trouble := None:",
        "a_page_without_a_database_is_503_and_needs_no_query"),
    unavailable("a session that cannot be stored is no fault of its person",
        "views.errors:bad_request",
        "if trouble := trouble_behind(exception):", "if trouble := None:",
        "a_session_that_cannot_be_stored_is_the_databases_trouble"),
    GuardMutant("a probe asks no database who wants to know",
        "views.middleware", "SignInRequired.process_view",
        'if not getattr(view_func, "login_required", True):', "if False:",
        "tests/web/test_health.py::test_a_living_process_asks_no_database_who_wants_to_know"),
    unavailable("what was sent to be stored is noted", "views.unavailable:Writes.note",
        "self.is_asked = True", "pass", "where_the_line_broke_it_is_not_known"),
    unavailable("a broken line is no refusal", "queries.database_trouble:_broke",
        "not error.sqlstate or", "error.sqlstate and",
        "where_the_line_broke_it_is_not_known"),
    unavailable("who was told no is not left in doubt", "views.unavailable:what_became",
        "was_refused(error)", "False",
        "who_was_told_no_is_told_that_nothing_was_stored"),
    unavailable("what was stored already is not denied", "views.unavailable:what_became",
        "not writes.is_stored and", "", "where_a_part_was_stored_nothing_else_is_claimed"),
    unavailable("what was typed is kept", "views.unavailable:fields_of",
        "[] if is_secret else fields", "[]",
        "what_was_sent_is_kept_and_sent_again_as_it_was"),
    unavailable("a password is kept nowhere", "views.unavailable:fields_of",
        "_SECRET.search(name)", "False", "a_password_is_kept_on_no_page"),
    unavailable("an export begins when its first events are read", "views.history:_begun",
        "chain(list(islice(lines, 2)), lines)", "lines",
        "an_export_that_cannot_begin_is_a_page_and_no_broken_file"),
    GuardMutant("however long the history, no statement takes long",
        "queries.events", "_pieces", "events.filter(pk__lt=piece[-1].pk)[:size]",
        "events.filter(pk__lt=piece[-1].pk)",
        "tests/web/test_history.py::test_a_long_export_is_read_in_pieces_and_is_whole"),
    bounded("a server that is silent is given up", "BoundedConnection.wait",
        '{"timeout": self.longest_wait, **named}', '{"timeout": 5, **named}',
        "a_connection_that_was_kept_is_tried_for_a_moment_only"),
    bounded("what is half said is not gone on with", "BoundedConnection.wait",
        "self.close()", "pass",
        "a_statement_without_an_answer_is_given_up_and_its_connection_closed"),
    bounded("a connection that was kept is tried for a moment only", "DatabaseWrapper.is_usable",
        "ALIVE_SECONDS", "self.connection.longest_wait",
        "a_connection_that_was_kept_is_tried_for_a_moment_only"),
    GuardMutant("each kind of database is told its bounds",
        "services.database_waits", "bounded",
        'connection.vendor == "postgresql"', 'connection.vendor != "postgresql"',
        "tests/services/test_database_waits.py::test_the_database_is_told_the_bounds"),
    GuardMutant("a worker starts with bounds",
        "tasks", "prepare_worker", "bound_waits(WORKER)", "pass",
        "tests/services/test_database_waits.py::test_a_worker_starts_with_bounds"),
    GuardMutant("the sweeper starts with bounds",
        "management.commands.reconcile", "Command.handle", "bound_waits(WORKER)", "pass",
        "tests/services/test_database_waits.py::test_the_sweeper_starts_with_bounds"),
    pooled("who changes something holds up nobody who looks", "Pools.pool_of",
        "return self._changing", "return self._looking",
        "who_wants_something_else_is_answered_while_many_wait"),
    pooled("probes have threads that nothing else can use", "Pools.pool_of",
        'self._probes.get(getattr(request, "path", ""), self._looking)', "self._looking",
        "who_wants_something_else_is_answered_while_many_wait"),
    pooled("threads at work are not stuck", "Pool.is_stuck",
        "max(asked_at, self.finished_at)", "asked_at",
        "threads_are_stuck_when_somebody_waits_and_nobody_is_answered_for_long"),
    pooled("threads that nobody waits for are not stuck", "Pool.is_stuck",
        "self.queue[0].asked_at if self.queue else now",
        "self.queue[0].asked_at if self.queue else 0.0",
        "threads_that_nobody_waits_for_are_not_stuck"),
    probed("never two probes at once", "Probe._is_stale",
        "if self._thread is not None and self._thread.is_alive():", "if False:",
        "whoever_asks_meanwhile_shares_one_probe"),
    probed("probes make nothing slower", "Probe._is_stale", "> FRESH_SECONDS", "> -1",
        "who_asks_again_at_once_gets_the_last_answer"),
    probed("who asks for a probe has an answer in time", "Probe.check",
        "self._began_at + ANSWER_SECONDS - time.monotonic()", "ANSWER_SECONDS",
        "a_database_that_never_answers_is_not_waited_for"),
    probed("rows of processes that ended are forgotten", "store_something",
        ".delete()", ".count()", "rows_of_processes_that_ended_are_forgotten"),
)
# fmt: on
