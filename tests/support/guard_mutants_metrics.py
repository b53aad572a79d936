"""Guards of the truth about the whole: who is told, of what, and that silence is no peace."""

from tests.support.guard_mutant import GuardMutant

# fmt: off
METRICS: tuple[GuardMutant, ...] = (
    GuardMutant("no metric is told without the token",
        "views.metrics", "metrics", "if not _brings_token(request):", "if False:",
        "tests/web/test_metrics.py::test_without_its_token_nothing_is_told"),
    GuardMutant("without a token there are no metrics",
        "views.metrics", "metrics", "if not settings.METRICS_TOKEN:", "if False:",
        "tests/web/test_metrics.py::test_where_no_token_is_set_there_is_no_such_page"),
    GuardMutant("an empty token opens nothing",
        "views.metrics", "_brings_token", 'scheme.lower() == "bearer" and', "True or",
        "tests/web/test_metrics.py::test_without_its_token_nothing_is_told"),
    GuardMutant("a scrape that hangs holds nobody else up",
        "views.metrics", "Kept.read",
        "if not self.lock.acquire(timeout=WAIT_SECONDS):", "if False:",
        "tests/web/test_metrics.py::test_nobody_waits_for_a_reading_that_hangs"),
    GuardMutant("an invented method is no label",
        "views.measured", "MeasuredInside.label_metric", 'if "method" in labels:', "if False:",
        "tests/web/test_metrics.py::"
        "test_a_method_that_somebody_invented_is_no_label_of_its_own"),
    GuardMutant("a dead database is told of",
        "views.metrics", "FromDatabase.collect", "answers.add_metric([], 0)", "raise",
        "tests/web/test_metrics.py::test_a_dead_database_is_a_number_too"),
    GuardMutant("a process that is not heard of does not live",
        "queries.processes", "_judge", "is_silent=now - row.seen_at",
        "is_silent=False and now - row.seen_at",
        "tests/services/test_wrongs.py::TestProcesses::"
        "test_a_sweeper_that_was_not_heard_of_for_half_a_minute_does_not_live"),
    GuardMutant("a loop that hangs keeps its time",
        "queries.processes", "_loop", "hangs=seen_at - turned_at",
        "hangs=False and seen_at - turned_at",
        "tests/services/test_wrongs.py::TestProcesses::"
        "test_a_loop_that_does_not_come_round_hangs"),
    GuardMutant("what was approved is owed until it is there",
        "queries.wrongs", "_of_work", "if undone.since and", "if False and",
        "tests/services/test_wrongs.py::TestWork::"
        "test_what_was_approved_has_to_be_done_soon"),
    GuardMutant("looks that are late are counted",
        "queries.wrongs", "_of_work", "if counted.late:", "if False:",
        "tests/services/test_wrongs.py::TestWork::"
        "test_what_was_not_compared_in_its_time_is_late"),
    GuardMutant("an old picture is told of",
        "queries.wrongs", "_of_line", "if each.seen_at and", "if False and",
        "tests/services/test_wrongs.py::TestClusters::test_an_old_picture_is_found"),
    GuardMutant("a credential that was not renewed is told of",
        "queries.wrongs", "_of_credential", "elif ends_at and", "elif False and",
        "tests/services/test_wrongs.py::TestClusters::"
        "test_a_credential_that_was_not_renewed_is_found_hours_before_its_end"),
    GuardMutant("a renewal that is refused is told of",
        "queries.wrongs", "_of_credential", "if refused_at:", "if False:",
        "tests/services/test_wrongs.py::TestClusters::"
        "test_a_renewal_that_is_refused_is_found_at_once"),
    GuardMutant("a heartbeat outlives a database that does not answer",
        "services.heartbeats", "_try", "except (DatabaseError, InterfaceError) as error:",
        "except ZeroDivisionError as error:",
        "tests/services/test_heartbeats.py::"
        "test_a_database_that_does_not_answer_ends_no_heartbeat"),
)
# fmt: on
