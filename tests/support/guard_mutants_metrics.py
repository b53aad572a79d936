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
    GuardMutant("a reading that hangs holds no scrape up",
        "views.metrics", "DatabaseReading.wait",
        "self.thread.join(max(0.0, self.began_at + WAIT_SECONDS - time.monotonic()))",
        "self.thread.join()",
        "tests/web/test_metrics.py::test_nobody_waits_for_a_reading_that_hangs"),
    GuardMutant("beside a reading that hangs no other one begins",
        "views.metrics", "DatabaseReading.is_over", "not self.thread.is_alive() and", "True or",
        "tests/web/test_metrics.py::test_nobody_waits_for_a_reading_that_hangs"),
    GuardMutant("/metrics is answered while all threads wait",
        "portal.pools", "Pools.pool_of", 'self._probes.get(getattr(request, "path", ""),',
        'self._probes.get(getattr(request, "path", "").replace("/metrics", ""),',
        "tests/unit/test_pools.py::"
        "test_who_wants_something_else_is_answered_while_many_wait"
        "[Asked(path='/metrics', command='GET')]"),
    GuardMutant("an invented method is no label",
        "views.measured", "MeasuredInside.label_metric", 'if "method" in labels:', "if False:",
        "tests/web/test_metrics.py::"
        "test_a_method_that_somebody_invented_is_no_label_of_its_own"),
    GuardMutant("a dead database is told of",
        "views.metrics", "DatabaseReading._read",
        "except (DatabaseError, InterfaceError):", "except ZeroDivisionError:",
        "tests/web/test_metrics.py::test_a_dead_database_is_a_number_too"),
    GuardMutant("a process that is not heard of does not live",
        "queries.processes", "_judge", "is_silent=abs(now - row.seen_at)",
        "is_silent=False and abs(now - row.seen_at)",
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
        "queries.wrongs", "_of_work", "if counted.late and", "if False and",
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
    GuardMutant("a heartbeat outlives whatever fails",
        "services.heartbeats", "_try", "except Exception:", "except ZeroDivisionError:",
        "tests/services/test_heartbeats.py::"
        "test_nothing_that_fails_ends_a_heartbeat[error1]"),
    GuardMutant("a role that may too much ends the process",
        "services.heartbeats", "_try", "os.kill(os.getpid(), signal.SIGTERM)", "pass",
        "tests/services/test_heartbeats.py::"
        "test_a_role_that_may_too_much_ends_the_process"),
    GuardMutant("who ends by mistake says no goodbye",
        "services.heartbeats", "Saying.go_on", "if self.in_order.is_set():", "if True:",
        "tests/services/test_heartbeats.py::"
        "test_who_falls_silent_leaves_its_row_as_it_was"),
    GuardMutant("a worker that ends by mistake says no goodbye",
        "tasks", "say_alive", "if sender.exitcode else", "if False else",
        "tests/services/test_tasks.py::"
        "test_a_worker_that_ends_by_mistake_says_no_goodbye[1-True]"),
    GuardMutant("the number of a task is ours",
        "tasks", "task_begins", "{next(_numbers)}", "{_signal['task_id']}",
        "tests/services/test_tasks.py::test_a_task_is_waited_for_as_long_as_it_lasts"),
    GuardMutant("a process that has begun again has not ended",
        "services.heartbeats", "_write", '"turns", "ended_at",', '"turns",',
        "tests/services/test_heartbeats.py::"
        "test_who_ends_in_order_says_so_until_it_begins_again"),
    GuardMutant("a heartbeat of the future is forgotten",
        "services.heartbeats", "forget_silent", "is_past | is_future", "is_past",
        "tests/services/test_heartbeats.py::"
        "test_a_heartbeat_of_the_far_future_is_forgotten"),
    GuardMutant("a heartbeat of the future is no life",
        "queries.processes", "_judge", "abs(now - row.seen_at)", "now - row.seen_at",
        "tests/services/test_wrongs.py::TestProcesses::"
        "test_a_heartbeat_of_another_time_is_no_life"),
    GuardMutant("a restart is no outage",
        "queries.processes", "missing_kinds", "all(one.is_silent", "all(not one.lives",
        "tests/services/test_wrongs.py::TestProcesses::"
        "test_a_restart_is_no_outage_unless_nothing_starts"),
    GuardMutant("who ended in order is not lost",
        "queries.wrongs", "_is_lost", "process.ended_at is None and", "",
        "tests/services/test_wrongs.py::TestProcesses::"
        "test_who_ended_in_order_is_not_lost"),
    GuardMutant("a database that stores nothing is told of",
        "queries.wrongs", "_of_database", "if known.storing.why:", "if False:",
        "tests/services/test_wrongs.py::TestDatabase::"
        "test_where_nothing_is_stored_nothing_is_said_of_those_that_cannot_be_heard"),
    GuardMutant("who cannot be heard is not missed",
        "queries.wrongs", "wrongs", "if known.storing.is_heard else ()", "",
        "tests/services/test_wrongs.py::TestDatabase::"
        "test_nor_before_they_had_time_to_say_that_they_live"),
    GuardMutant("after an outage processes have time to be heard",
        "services.write_probe", "Probe.find_storing",
        "is_heard=well_for > longest_silence().total_seconds()", "",
        "tests/services/test_write_probe.py::"
        "test_after_an_outage_silence_means_nothing_for_a_while"),
    GuardMutant("triggers that are lacking are told of",
        "queries.wrongs", "_of_database", "if known.lacking:", "if False:",
        "tests/services/test_wrongs.py::TestDatabase::"
        "test_a_trigger_that_is_missing_is_found"),
    GuardMutant("a host's wrong clock is told of",
        "queries.wrongs", "_of_processes", "if one.lives and one.ahead:", "if False:",
        "tests/services/test_wrongs.py::TestProcesses::"
        "test_a_host_whose_clock_is_off_is_named"),
    GuardMutant("a cluster's wrong clock is told of",
        "queries.wrongs", "_of_line", "if cluster.clock_ahead:", "if False:",
        "tests/services/test_wrongs.py::TestClusters::"
        "test_a_cluster_whose_clock_is_off_is_found"),
    GuardMutant("one look that failed is no outage",
        "queries.wrongs", "_of_line", "elif _may_be_chance(truth, now):", "elif False:",
        "tests/services/test_wrongs.py::TestClusters::"
        "test_one_look_that_failed_is_no_outage_and_a_second_one_is"),
    GuardMutant("two looks that failed are an outage",
        "queries.wrongs", "_may_be_chance", "truth.failed_looks == 1 and", "",
        "tests/services/test_wrongs.py::TestClusters::"
        "test_one_look_that_failed_is_no_outage_and_a_second_one_is[2-0-cluster-unusable]"),
    GuardMutant("a look has the time it may take",
        "queries.clusters", "longest_unseen", " + LONGEST_LOOK", "",
        "tests/services/test_wrongs.py::TestClusters::"
        "test_looks_that_take_as_long_as_they_may_are_no_finding"),
    GuardMutant("what failed is counted, whatever it was",
        "services.observe", "_give_way",
        'failed_looks=Coalesce("failed_looks", 0) + 1,', "",
        "tests/services/test_looks_and_conditions.py::TestTheNewestCounts::"
        "test_looks_that_fail_are_counted_until_one_succeeds"),
    GuardMutant("a cluster that is only looked at owes nothing",
        "queries.health", "undone_each", '~is_only_looked_at("namespace__cluster"),', "",
        "tests/services/test_wrongs.py::TestWork::"
        "test_what_is_late_on_a_cluster_that_is_only_looked_at_is_nobodys_work"),
    GuardMutant("nobody has to work on a cluster that is only looked at",
        "queries.health", "overdue_each", '~is_only_looked_at("cluster"), ', "",
        "tests/services/test_wrongs.py::TestWork::"
        "test_what_is_late_on_a_cluster_that_is_only_looked_at_is_nobodys_work"),
    GuardMutant("nobody has to compare on a cluster that is only looked at",
        "queries.wrongs", "_of_work", "and not each.broken_at", "",
        "tests/services/test_wrongs.py::TestWork::"
        "test_what_is_late_on_a_cluster_that_is_only_looked_at_is_nobodys_work"),
    GuardMutant("what goes wrong with one cluster leaves the others their tokens",
        "services.renew", "_renew_alone", "except Exception:", "except KeyError:",
        "tests/services/test_renew.py::"
        "test_what_is_unforeseen_with_one_cluster_leaves_the_others_their_tokens"),
)
# fmt: on
