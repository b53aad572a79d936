"""Guards against what answers wrongly: is it the API server's, is it what was asked for, twice."""

from tests.support.guard_mutant import GuardMutant

HOSTILE = "tests/cluster/test_hostile_server.py"


def read(guard: str, where: str, old: str, new: str, verb: str) -> GuardMutant:
    """A guard of the gateway in `module:function`, noticed where one verb is answered wrongly."""
    module, _, function = where.partition(":")
    name = "test_g36_no_wrong_answer_to_a_verb_is_a_fact"
    noticed_by = f"tests/cluster/test_wrong_answers.py::{name}[{verb}-fake behind HTTP]"
    return GuardMutant(guard, f"cluster.{module}", function, old, new, noticed_by)


def twice(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    """A second look, in `module:function`."""
    module, _, function = where.partition(":")
    noticed_by = f"tests/services/test_second_looks.py::test_{test}"
    return GuardMutant(guard, module, function, old, new, noticed_by)


# fmt: off
NEMESIS: tuple[GuardMutant, ...] = (
    GuardMutant("a page that refuses is not the API server",
        "cluster.responses", "refusal",
        "if not _is_the_servers(answer, key):", "if False:",
        f"{HOSTILE}::test_g36_a_page_that_refuses_is_not_the_api_servers_refusal"
        "[422 Unprocessable]"),
    GuardMutant("an object that came is the one asked for",
        "cluster.expected", "asked_object",
        "if not (is_named", "if False and not (is_named",
        f"{HOSTILE}::test_g36_an_object_that_was_not_asked_for_is_a_fault_of_the_line[get]"),
    read("only JSON is an API server's", "responses:read_answer",
        'raw if media_type == JSON_TYPE else b""', "raw", "get"),
    read("JSON is in UTF-8", "responses:_tree",
        'raw.decode("utf-8")', "raw.decode(json.detect_encoding(raw))", "list"),
    read("JSON is said to be in UTF-8", "responses:_media_type",
        'if charset in {"", "utf-8"} else ""', "", "get"),
    read("a Status says the code that it has", "responses:_is_status",
        'said == ("Status", "v1", "Failure", answer.status)',
        'said[:3] == ("Status", "v1", "Failure")', "apply"),
    read("a Status is about what was asked", "responses:_is_the_servers",
        " and (key is None or _is_about(answer, key))", "", "delete"),
    read("what was only read is not refused", "responses:refusal",
        "if purpose is Purpose.READ and", "if False and", "review_access"),
    read("a name is taken by a Status that names it", "responses:_names_taken",
        'is_said and text(details, "name") == key.name', "answer.status == 409", "create"),
    read("no collection is missing", "responses:tells_missing",
        " and bool(key.name)", "", "delete_collection"),
    read("another success is none", "gateway:Gateway._accepted",
        "if answer.status in success:", "if 200 <= answer.status < 300:", "get"),
    read("what was written over is not older", "expected:asked_object",
        "if seen is not None and", "if False and", "apply over"),
    read("a list is of the kind that was asked for", "expected:asked_page",
        "if not (is_named and", "if not (", "list"),
    read("a list that leaves some out is cut short", "expected:asked_page",
        'if metadata.get("remainingItemCount") and', "if False and", "list of nothing"),
    read("nothing else is in a list", "expected:asked_page",
        "if len(uids) != len(listed):", "if False:", "list"),
    read("a deletion names what was deleted", "expected:check_deleted",
        'text(asked_object(body, key), "metadata", "uid")', '""', "delete"),
    read("the deletion of many is answered by their list", "expected:check_collection_deleted",
        "if not is_success(body):", "if False:", "delete_collection"),
    read("a question is answered, and no other one", "expected:answered_review",
        "or not repeated or not isinstance(allowed, bool)", "", "review of a group"),
    read("discovery is discovery", "expected:asked_groups",
        "if text(", "if False and text(", "served_kinds"),
    read("a token is a token", "expected:asked_token",
        "if text(", "if False and text(", "renew_token"),
    GuardMutant("the pages of a list show one moment",
        "cluster.paging", "PageWalk.turn", 'self.version not in {"", version} or', "",
        "tests/unit/test_paging.py::test_a_page_of_another_moment_does_not_fit"),
    GuardMutant("no page leads to itself",
        "cluster.paging", "PageWalk.turn", "or (token and token == self.token)", "",
        "tests/unit/test_paging.py::test_a_page_that_leads_to_itself_is_a_fault"),
    twice("bindings are gone when they were read to be", "services.phases.retire:revoke",
        "if left:", "if False:", "b1_a_list_without_bindings_revokes_nothing"),
    twice("a door is closed when it was read to be", "services.phases.retire:revoke",
        "if not _is_shut(work):", "if False:",
        "b1_a_door_that_was_only_answered_to_be_closed_is_open"),
    twice("no pods are left by two lists", "services.phases.retire:drain",
        'pods = pods or work.cluster.list("Pod", namespace)', "pass",
        "b1_one_list_without_pods_has_drained_nothing"),
    twice("ready is what was read anew", "services.phases.verify:verify",
        "read_anew(work)", "pass",
        "g10_a_quota_that_was_only_answered_to_be_stored_is_not_ready"),
    twice("ready holds nothing that was to be removed", "services.phases.verify:check_equal",
        "if left:", "if False:", "g10_a_policy_that_was_only_answered_to_be_removed_is_not_ready"),
    twice("a uid is read back before it is remembered", "services.phases.create:create",
        "look_twice(stored, work)", "pass",
        "b2_a_namespace_that_was_only_answered_to_be_made_has_no_uid"),
    twice("a name is taken by what is there", "services.phases.create:_take_over_own",
        "if found is None:", "if False:",
        "b2_a_name_that_was_only_answered_to_be_taken_is_not_taken"),
    twice("a deviation is seen twice", "services.reconcile:_confirmed_drift",
        "if drift and not observe(work):", "if False:",
        "b2_one_list_without_policies_is_no_deviation"),
    twice("another namespace is seen twice", "services.phases.identity:check_is_ours",
        "look_twice(found, work)", "pass", "b2_one_answer_of_another_cluster_blocks_nothing"),
    twice("another namespace to be removed is seen twice", "services.phases.observe:find_own",
        "look_twice(found, work)", "pass", "b1_one_answer_of_another_cluster_ends_no_removal"),
    twice("what is stored otherwise is read", "services.phases.work:Work.check_stored",
        "differences(wanted, self.cluster.get(key))", "differences(wanted, stored)",
        "b2_what_is_stored_is_read_before_it_is_called_otherwise"),
    twice("another cluster answers twice", "services.epoch:read_standing",
        'if text(_named(gateway)[IDENTITY], "metadata", "uid") != uid:', "if False:",
        "b7_one_answer_of_another_cluster_is_no_condition"),
    twice("an earlier moment is answered twice", "services.epoch:check_cluster",
        "again = read_standing(cluster, gateway, portal)", "again = standing",
        "b3_one_answer_of_an_earlier_moment_is_no_break"),
    twice("an epoch is remembered when it was read", "services.epoch:write_epoch",
        "if stands is None or stands.event < known.event:", "if False:",
        "b3_an_epoch_that_was_only_answered_to_be_written_is_not_remembered"),
    twice("a guard is missing by two lists", "services.guards:look_twice_at_guards",
        "if look_at_guards(gateway, has_gate=cluster.has_fence_gate) != reading:", "if False:",
        "g36_one_list_without_guards_is_no_finding"),
    twice("an object is missing by two lists", "services.read_lists:ListReader.whole",
        "if self.expectations.misses(kind)", "if False",
        "g36_one_list_without_policies_contradicts_nothing"),
    twice("a look that failed is repeated soon", "services.observe:_until_next",
        "if is_first else usual", "if False else usual",
        "a_look_that_failed_is_repeated_soon_and_then_at_the_usual_pace"),
    twice("a 404 takes no ranges", "cluster.discovery:_known",
        " and not _is_served(admin, kind)", "",
        "g36_a_proxys_404_does_not_take_the_ranges_of_nodes"),
    GuardMutant("what is blocked is looked at again soon",
        "services.give_way", "_look_again", "if is_news:", "if False:",
        "tests/services/test_failures.py::"
        "test_what_is_blocked_is_looked_at_again_soon_and_then_hourly"),
)
# fmt: on
