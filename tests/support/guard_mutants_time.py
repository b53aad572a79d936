"""Guards of time: whose clock counts, how long a token lives, and what is said where one is off."""

from tests.support.guard_mutant import GuardMutant

_RENEW = "tests/services/test_renew.py::test_"
_CLOCKS = "tests/services/test_other_clocks.py::test_"
_CLAIMS = "tests/unit/test_server_time.py::test_"


def in_renewal(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    return GuardMutant(guard, "services.renew", function, old, new, f"{_RENEW}{test}")


# fmt: off
TIME: tuple[GuardMutant, ...] = (
    in_renewal("a token issued later than now is due", "is_due", " or issued_at > now", "",
        "a_token_that_was_issued_later_than_now_is_due"),
    in_renewal("an expiry that the token denies is worth nothing", "is_due",
        "life_of(token) or life", "life", "an_expiry_that_the_token_denies_makes_it_due"),
    in_renewal("a life counts from when the token was asked for", "store_token",
        "now + minted.life", "now + minted.life * 2",
        "half_of_its_life_counts_from_when_it_was_asked_for_not_from_the_servers_clock"),
    in_renewal("the first success ends a refusal", "store_token",
        "            renewal_refused_at=None,\n            renewal_refused_with=None,\n", "",
        "the_first_success_ends_it"),
    in_renewal("a refused renewal is told", "_renew_alone",
        "_note_refused(cluster, str(error), now=now)", "pass",
        "a_refused_renewal_is_written_down_once_with_the_servers_words"),
    in_renewal("a refused renewal is told once", "_note_refused",
        ".filter(renewal_refused_at=None)", "",
        "a_refused_renewal_is_written_down_once_with_the_servers_words"),
    in_renewal("what is the cluster's own condition is no refusal", "_is_refusal",
        "if isinstance(error, _OF_THE_CLUSTER):", "if False:",
        "what_is_the_clusters_own_condition_is_no_refusal"),
    in_renewal("a fault of the server is borne for a while", "_is_refusal",
        "if not isinstance(error, ServerFault):", "if True:",
        "a_fault_of_the_server_is_told_once_it_lasts"),
    in_renewal("a refusal is about the token it was refused for", "_note_refused",
        "credential_version=cluster.credential_version, ", "",
        "a_refusal_of_a_token_that_was_replaced_meanwhile_says_nothing"),
    GuardMutant("an expiry means nothing without the clock that wrote it",
        "cluster.server_time", "life_until", "- by if by else None", "- datetime.now(UTC)",
        f"{_CLAIMS}an_expiry_is_translated_by_the_date_of_its_own_answer[off1]"),
    GuardMutant("a life that is none is not believed",
        "cluster.server_time", "life_of",
        "if not 0 < expires - issued <= _LONGEST_LIFE_SECONDS:", "if False:",
        f"{_CLAIMS}a_life_below_nothing_is_none"),
    GuardMutant("an answer says what the clock showed when it arrived",
        "cluster.server_time", "ServerClock.now", "timedelta(seconds=passed)", "timedelta(0)",
        f"{_CLAIMS}a_clock_goes_on_after_the_answer_that_told_of_it"),
    GuardMutant("a proxy's clock is not the API server's",
        "cluster.connections", "HttpClient.send", 'if text(answer.body, "kind"):', "if True:",
        f"{_CLAIMS}the_clock_is_the_servers_and_not_of_what_stands_in_front[page]"),
    GuardMutant("what was heard long ago says nothing of now",
        "cluster.server_time", "ServerClock.now", "> _NEWS_SECONDS", "> 10_000",
        f"{_CLAIMS}what_was_heard_long_ago_says_nothing_of_now"),
    GuardMutant("a host that is off is said once",
        "services.host_clock", "note_host_clock", "if is_wrong != _said_to_be_wrong:", "if True:",
        f"{_CLOCKS}a_host_that_is_off_is_told_once_and_once_when_it_is_right"),
    GuardMutant("every connection asks what time it is",
        "services.host_clock", "watch_host_clock", "connection_created.connect(_compare)", "pass",
        f"{_CLOCKS}every_new_connection_asks"),
    GuardMutant("a look writes down what the cluster's clock shows",
        "services.observe", "_look_at",
        "note_server_clock(look.cluster, lists.cluster, now=clock())", "pass",
        f"{_CLOCKS}a_look_writes_down_what_the_clusters_clock_shows"),
    GuardMutant("a session ends by the database",
        "services.sessions", "SessionStore.create_model_instance",
        "        session.expire_date = Now() + self._age(data)\n", "",
        f"{_CLOCKS}a_session_begins_and_ends_by_the_database"),
    GuardMutant("a session that has ended by the database is none",
        "services.sessions", "SessionStore._get_session_from_db", ", expire_date__gt=Now()", "",
        f"{_CLOCKS}a_session_that_has_ended_is_none"),
    GuardMutant("a time beyond every pause is a wrong clock's",
        "services.wrong_times", "forget_wrong_times", "now + LONGEST_PATIENCE",
        "now + LONGEST_PATIENCE * 10_000",
        f"{_CLOCKS}a_cluster_is_not_left_alone_until_a_time_that_a_wrong_clock_wrote"),
    GuardMutant("beat orders its tasks by the steady clock",
        "portal.steady_beat", "SteadyEntry.default_now", "steady_now()", "self.app.now()",
        "tests/unit/test_steady_beat.py::"
        "test_a_sweep_goes_out_every_ten_seconds_whatever_the_wall_shows"),
    GuardMutant("ready is said with it where nobody can look",
        "models.namespaces", "ManagedNamespace.is_out_of_sight",
        "self.cluster.condition in OUT_OF_SIGHT", "False",
        "tests/web/test_out_of_sight.py::"
        "test_ready_is_said_with_it_wherever_nobody_can_look[unauthorized]"),
    GuardMutant("platform admins are told of a refused renewal",
        "pages.attention_credentials", "refused_renewals",
        "if cluster.renewal_refused_at", "if False",
        "tests/web/test_credential_ends.py::"
        "test_platform_admins_are_told_at_home_hours_before_and_nobody_else"),
    GuardMutant("a clock that differs is shown",
        "models.clusters", "Cluster.clock_ahead", "ahead if abs(ahead) > CLOCKS_AGREE else ", "",
        "tests/web/test_credential_ends.py::"
        "test_a_clock_that_differs_is_shown_with_both_times"),
)
# fmt: on
