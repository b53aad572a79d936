"""Guards, each with the words that are it, what is left without them, and the test that notices.

Data for `tests/support/mutation.py`. A seam that is no longer there fails: move it with the code.
"""

from tests.support.guard_mutant import GuardMutant
from tests.support.guard_mutants_accounts import ACCOUNTS
from tests.support.guard_mutants_addresses import ADDRESSES
from tests.support.guard_mutants_admission import ADMISSION
from tests.support.guard_mutants_alone import ALONE
from tests.support.guard_mutants_approved import APPROVED
from tests.support.guard_mutants_believed import BELIEVED
from tests.support.guard_mutants_bounds import BOUNDS
from tests.support.guard_mutants_catalogue import CATALOGUE
from tests.support.guard_mutants_compose import COMPOSE
from tests.support.guard_mutants_credentials import CREDENTIALS
from tests.support.guard_mutants_decide import DECIDE
from tests.support.guard_mutants_doors import DOORS
from tests.support.guard_mutants_doubt import DOUBT
from tests.support.guard_mutants_epoch import EPOCH
from tests.support.guard_mutants_gate import FENCE_GATE
from tests.support.guard_mutants_history import HISTORY
from tests.support.guard_mutants_http import HTTP
from tests.support.guard_mutants_lists import LISTS
from tests.support.guard_mutants_locks import LOCKS
from tests.support.guard_mutants_metrics import METRICS
from tests.support.guard_mutants_migrations import DATABASES
from tests.support.guard_mutants_neighbours import NEIGHBOURS
from tests.support.guard_mutants_nemesis import NEMESIS
from tests.support.guard_mutants_notices import NOTICES
from tests.support.guard_mutants_observer import OBSERVER
from tests.support.guard_mutants_people import PEOPLE
from tests.support.guard_mutants_queue import QUEUE
from tests.support.guard_mutants_reach import REACH
from tests.support.guard_mutants_reasons import REASONS
from tests.support.guard_mutants_rendering import RENDERED_ANEW
from tests.support.guard_mutants_roles import ROLES
from tests.support.guard_mutants_signatures import SIGNATURES
from tests.support.guard_mutants_teams import TEAMS
from tests.support.guard_mutants_time import TIME
from tests.support.guard_mutants_truth import TRUTH
from tests.support.guard_mutants_typed import TYPED
from tests.support.guard_mutants_waiting import WAITING

__all__ = ["MUTANTS", "GuardMutant"]


def in_decide(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    return GuardMutant(guard, "services.decide", function, old, new, f"tests/services/{test}")


def in_look(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    module, _, function = where.rpartition(":")
    return GuardMutant(guard, module, function, old, new, f"tests/services/{test}")


def closing(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of a cluster that is closed, in `module:function`."""
    module, _, function = where.partition(":")
    noticed_by = f"tests/services/test_close_cluster.py::test_{test}"
    return GuardMutant(guard, f"services.{module}", function, old, new, noticed_by)


# fmt: off
MUTANTS: tuple[GuardMutant, ...] = (
    in_decide("only who holds a lane decides it", "_check_person",
        "if lane not in by.permissions.lanes:", "if False:",
        "test_decide.py::test_nobody_decides_a_lane_they_do_not_hold"),
    GuardMutant("services refuse what breaks a rule",
        "services.submit", "_check_rules", "if violations:", "if False:",
        "tests/services/test_submit.py::test_a_change_is_judged_by_the_same_rules"),
    GuardMutant("open egress has an end",
        "domain.rules", "_lifetime_of_openings", "(days is None or days > most)", "days == 0",
        "tests/unit/test_rules.py::test_open_egress_may_not_be_had_for_ever"),
    GuardMutant("an opening has a name of its own",
        "domain.rules", "_openings", "if other.key == opening.key:", "if False:",
        "tests/unit/test_rules.py::"
        "test_an_opening_is_of_the_catalogue_and_different_from_the_others[openings1-"
        "Two openings are called \\u201cingress-nginx\\u201d.]"),
    GuardMutant("what an opening opens is asked for once",
        "domain.rules", "_openings", "elif other.effect == opening.effect:", "elif False:",
        "tests/unit/test_rules.py::"
        "test_an_opening_is_of_the_catalogue_and_different_from_the_others[openings2-"
        "\\u201cout\\u201d opens what \\u201cinternet\\u201d opens already.]"),
    GuardMutant("only an opening can be asked for",
        "domain.catalogue", "Catalogue.template_of", "known and known.direction and", "known and",
        "tests/unit/test_rules.py::"
        "test_an_opening_is_of_the_catalogue_and_different_from_the_others[openings7-"
        "\\u201callow-dns@1\\u201d is not on offer.]"),
    GuardMutant("only the version on offer can be asked for",
        "domain.catalogue", "Catalogue.template_of", " and known.version == opening.version", "",
        "tests/unit/test_rules.py::"
        "test_an_opening_is_of_the_catalogue_and_different_from_the_others[openings6-"
        "\\u201cegress-internet@2\\u201d is not on offer.]"),
    GuardMutant("an opening in force is rendered anew by the version on offer",
        "queries.rendering", "rerendered", "load_catalogue().by_today(row.wanted)", "row.wanted",
        "tests/services/test_outdated.py::"
        "test_a_new_version_of_an_opening_is_rendered_by_a_refresh_like_any_template"),
    GuardMutant("a namespace has no more openings than its form can show",
        "domain.rules", "_openings", "len(openings) > MAX_OPENINGS", "False",
        "tests/unit/test_rules.py::"
        "test_an_opening_is_of_the_catalogue_and_different_from_the_others[openings4-"
        "At most 16 openings; these are 17.]"),
    GuardMutant("a row is of an opening alone",
        "forms.opening_rows", "_template_of", "template and template.direction and", "template and",
        "tests/unit/test_opening_rows.py::test_what_every_namespace_gets_cannot_be_asked_for"),
    GuardMutant("a purpose is written for people to read",
        "domain.rules", "_text", "any(map(_is_control, written))", "False",
        "tests/unit/test_rules.py::test_no_character_turns_what_an_approver_reads"),
    GuardMutant("a plan is made of nothing that cannot be rendered",
        "services.preview", "_plan",
        "if violations := shape_violations(wish.spec, teams=teams, clusters=clusters):",
        "if violations := ():",
        "tests/services/test_submit.py::test_a_draft_that_cannot_be_rendered_is_refused"),
    GuardMutant("a state moves only where the table says",
        "domain.lifecycle", "check_move", "if following != current and", "if False and",
        "tests/services/test_illegal_transition.py::"
        "test_an_illegal_transition_is_an_error_and_is_tried_again_in_words"),
    GuardMutant("a cluster without the role blocks one namespace, not all of them",
        "services.phases.grant", "_bring",
        "raise RoleNotBindable(role, work.plan.cluster) from error", "raise",
        "tests/services/test_shell_access.py::test_a_cluster_prepared_before_this_role_blocks_"
        "with_what_to_do_and_goes_on_afterwards"),
    GuardMutant("a bound role that gives nothing is not READY",
        "services.phases.verify", "check_roles", "if role not in STANDS_FOR:", "if True:",
        "tests/services/test_shell_access.py::"
        "test_a_bound_role_that_gives_nothing_is_not_ready"),
    GuardMutant("nobody decides their own request", "services.separation", "check_own",
        "if request.requester_id == person.pk:", "if False:",
        "tests/services/test_separation.py::test_g15_nobody_decides_their_own_request"),
    GuardMutant("nobody who was ever its author decides a request",
        "services.separation", "check_own",
        "if person.pk in authors:", "if False:",
        "tests/services/test_take_over.py::test_nobody_who_was_ever_its_author_decides_it"),
    GuardMutant("another account of its author decides nothing",
        "services.separation", "check_own",
        "if accounts_of_one_person(person.pk).filter(pk__in=authors).exists():", "if False:",
        "tests/services/test_one_person.py::"
        "test_g15_another_account_with_the_same_address_decides_nothing"),
    GuardMutant("a verified address makes two accounts one person",
        "queries.identity", "accounts_of_one_person",
        '| Q(pk__in=verified.filter(by_address).values("user"))', "",
        "tests/services/test_one_person.py::"
        "test_g15_a_verified_address_makes_two_accounts_one_person[alice-pat@x]"),
    GuardMutant("an address verified beside one's own counts too",
        "queries.identity", "accounts_of_one_person", "| Q(low__in=also_own)", "",
        "tests/services/test_one_person.py::"
        "test_g15_a_verified_address_makes_two_accounts_one_person[pat-ALICE@example.com]"),
    in_decide("no lane is approved while nobody stands behind the request", "_check_vote",
        "_check_requester(request)", "pass",
        "test_take_over.py::test_no_lane_is_approved_while_nobody_stands_behind_it"),
    GuardMutant("a lane that nobody can decide is not asked", "services.submit", "_check_lanes",
        "if problem := nobody_can(staff(thought.lanes, barred), barred):", "if problem := None:",
        "tests/services/test_lanes_without_people.py::"
        "test_a_lane_whose_only_holder_is_inactive_cannot_be_asked"),
    GuardMutant("only active people hold a lane", "queries.deciders", "load_deciders",
        "able_holders(LANE_ROLES)", "RoleAssignment.objects.filter(role__in=LANE_ROLES)",
        "tests/services/test_lanes_without_people.py::"
        "test_a_lane_whose_only_holder_is_inactive_cannot_be_asked"),
    GuardMutant("only people who can sign in lead", "queries.leads", "active_leads",
        "IS_ABLE, ", "",
        "tests/web/test_who_can_decide.py::"
        "test_pats_home_and_the_team_pages_tell_of_a_team_without_a_lead[invited]"),
    GuardMutant("who is only invited is missed by nobody",
        "queries.leaving", "_teams_led_by_nobody_else", "if not can_sign_in(person):", "if False:",
        "tests/services/test_switch_people.py::"
        "test_beside_a_lead_who_is_only_invited_the_team_would_have_none"),
    GuardMutant("only active people stand behind a request", "queries.leads", "abandoned",
        "role=Membership.Role.LEAD,\n        user__is_active=True,", "role=Membership.Role.LEAD,",
        "tests/services/test_take_over.py::test_why_nobody_stands_behind_a_request[active]"),
    GuardMutant("only leads of the team take a request over", "services.take_over", "take_over",
        "if row.team_id not in by.permissions.leads:", "if False:",
        "tests/services/test_take_over.py::test_only_leads_of_the_team_take_over"),
    GuardMutant("nothing is taken from somebody who still leads",
        "services.take_over", "_check_abandoned", "if not why_abandoned(row):", "if False:",
        "tests/services/test_take_over.py::"
        "test_nothing_is_taken_from_somebody_who_still_leads"),
    GuardMutant("what was decided before a take-over no longer counts",
        "services.take_over", "take_over", "update(voided_at=now)", "update(reason='')",
        "tests/services/test_take_over.py::"
        "test_a_lead_takes_it_over_and_decisions_no_longer_count"),
    GuardMutant("leads and platform admins alone close it", "services.take_over",
        "close_abandoned",
        "if not (by.permissions.is_platform_admin or row.team_id in by.permissions.leads):",
        "if False:", "tests/services/test_take_over.py::test_others_do_not_close_it"),
    GuardMutant("what comes from oneself does not wait for oneself",
        "queries.requests", "waiting_for", "Q(requester__in=accounts) | Exists(own)", "Q(pk=0)",
        "tests/services/test_one_person.py::test_the_request_waits_for_neither_account"),
    GuardMutant("wrong passwords lock nobody out elsewhere",
        "views.accounts", "AccountAdapter._get_login_attempts_cache_key",
        'return f"{by_person}:{get_ip(request)}"', "return by_person",
        "tests/web/test_sign_in.py::test_wrong_passwords_elsewhere_do_not_lock_frank_out"),
    GuardMutant("the admin site shows the portal's own models only",
        "admin_site", "BulkheadAdminSite.register",
        " if model._meta.app_label == User._meta.app_label", "",
        "tests/web/test_sign_in.py::"
        "test_a_superuser_finds_no_model_without_events_in_the_admin_site"),
    GuardMutant("one active account for an address, said at its field",
        "forms.people", "PersonForm.clean", "if other:", "if False:",
        "tests/web/test_admin.py::"
        "test_a_second_account_with_an_address_is_an_error_at_its_field"),
    GuardMutant("nobody adds the address of somebody else",
        "forms.people", "NewAddressForm.clean_email",
        "if active_person_with(email, besides=self.user.pk if self.user else None):", "if False:",
        "tests/web/test_own_addresses.py::test_nobody_adds_the_address_of_somebody_else"),
    GuardMutant("nobody removes their own second factor",
        "services.second_factor", "_check_right",
        "if actor.id == str(person.pk):", "if False:",
        "tests/services/test_second_factor.py::test_nobody_removes_their_own"),
    GuardMutant("sessions end with a second factor that is removed",
        "services.second_factor", "remove_second_factor", "end_sessions(person, now=now)", "pass",
        "tests/services/test_second_factor.py::test_their_sessions_end_and_others_go_on"),
    in_decide("an approval binds the digest that was shown", "_check_state",
        "if digest != request.digest:", "if False:",
        "test_decide.py::test_an_approval_of_another_digest_is_refused"),
    in_decide("a refusal needs a reason", "_check_reason",
        "not reason.strip()", "False",
        "test_decide.py::test_a_refusal_needs_a_reason"),
    in_decide("a change of an older generation is refused", "_wanted_namespace",
        "generation=request.base_generation, state__in", "state__in",
        "test_decide.py::test_a_change_of_an_older_generation_is_refused"),
    GuardMutant("a write of a worker that lost its lease finds no row",
        "services.claim", "Claim._held", ", fencing_token=self.fencing_token", "",
        "tests/services/test_claim.py::"
        "test_a_lease_that_ran_out_is_taken_over_and_the_first_finds_no_row"),
    GuardMutant("a namespace somebody else holds is not claimed",
        "services.turns", "_due_by_time", "free, usable, is_due)", "usable, is_due)",
        "tests/services/test_claim.py::test_two_workers_never_hold_one"),
    in_decide("an adoption is of what was shown", "_check_found",
        "if request.kind == RequestKind.ADOPT and", "if False and",
        "test_adopt.py::test_an_adoption_of_what_was_exchanged_meanwhile_is_not_approved"),
    GuardMutant("a look older than the end contradicts nothing",
        "services.reappear", "tell_reappeared", "gone_at__lt=seen_since,", "",
        "tests/services/test_reappear.py::"
        "test_a_look_that_began_before_the_end_contradicts_nothing"),
    GuardMutant("a 404 names what was asked",
        "cluster.responses", "tells_missing",
        "is_said and named == (resource.plural, resource.group, key.name)", "is_said",
        "tests/cluster/test_hostile_server.py::"
        "test_g36_a_404_that_is_not_the_api_servers_is_a_fault_of_the_line[another name-get]"),
    in_look("nothing is said of what changed hands during a look",
        "services.compare_observed:untouched",
        "(known.fencing_token, known.generation) == (token, generation)", "True",
        "test_compare_observed.py::test_what_changed_hands_during_the_look_is_left_alone"),
    in_look("nothing is said of what a worker holds", "services.compare_observed:expected_on",
        "        unleased,\n", "",
        "test_compare_observed.py::test_while_a_worker_has_it_nothing_is_said"),
    in_look("what outlives a repair wakes a worker once", "services.compare_observed:wakes",
        "since == began or _repairable(differs or [])", "True",
        "test_compare_observed.py::test_what_no_plan_contains_wakes_a_worker_once"),
    in_look("a difference after a repair is a new one", "services.compare_observed:since",
        "(at > verified_at or not _repairable(differs))", "True",
        "test_compare_observed.py::test_deleted_again_after_a_repair_it_is_new"),
    in_look("a look before the last complete read contradicts nothing", "queries.truth:_is_older",
        "seen > read", "seen",
        "test_compare_observed.py::test_repaired_and_read_back_it_is_verified_again"),
    in_look("another namespace of the name is not ours", "queries.truth:_judge",
        'seen["uid"] != row.uid', "False",
        "test_compare_observed.py::test_another_namespace_of_the_name_is_said_to_be_another"),
    in_look("one failed look sets no condition", "services.observe:_give_way",
        "in_a_row >= LOOKS_THAT_SET_A_CONDITION", "in_a_row",
        "test_looks_and_conditions.py::test_two_looks_in_a_row_that_find_no_way_set_the_condition"),
    in_look("a look that hangs says so of the cluster", "services.failures:lost_line",
        "condition in LINE_CONDITIONS", "condition in LINE_CONDITIONS - {ClusterCondition.SLOW}",
        "test_looks_and_conditions.py::test_the_condition_is_one_event_however_long_it_lasts"),
    in_look("a good look disproves no missing grant", "services.failures:note_answer",
        "in ENDED_BY_AN_ANSWER", "is not ClusterCondition.OK",
        "test_looks_and_conditions.py::test_a_good_look_does_not_disprove_a_missing_grant"),
    in_look("what was seen is not free", "queries.names:check_name",
        "if name in sighting.names:", "if False:",
        "test_seen_names.py::test_it_cannot_be_asked_for"),
    in_look("what another portal made is not ours by its name", "queries.portals:unknown_here",
        'and one.portal in {own, ""}', "",
        "test_seen_names.py::test_a_name_of_ours_that_another_portal_holds_is_named"),
    in_look("what is in a stranger's namespace is not told", "queries.holdings:holdings_of",
        ", uid__in=uids", "",
        "test_holdings.py::test_what_is_in_somebody_elses_namespace_of_the_name_is_not_told"),
    in_look("a namespace that is not empty goes only when that was typed",
        "services.submit:_check_confirmation", "wish.confirms != needed", "False",
        "test_holdings.py::test_no_door_asks_for_a_removal_without_the_phrase"),
    closing("nobody closes a cluster alone", "close_cluster:_check_separation",
        "if closure.asked_by_id == by.user.pk:", "if False:",
        "nobody_closes_a_cluster_alone"),
    closing("nobody closes a cluster with a second account", "close_cluster:_check_separation",
        "if accounts_of_one_person(by.user.pk).filter(pk=closure.asked_by_id).exists():",
        "if False:", "a_second_account_of_the_same_person_does_not_count"),
    closing("only platform admins close a cluster", "close_cluster:_check_admin",
        "if not by.permissions.is_platform_admin:", "if False:",
        "only_platform_admins_ask_and_confirm"),
    closing("closing takes a namespace away from its worker", "close_cluster:_lose_namespaces",
        'F("fencing_token") + 1', 'F("fencing_token")', "a_worker_that_is_at_it_loses_its_lease"),
    closing("nobody works on a closed cluster", "turns:_due_by_time",
        "usable &= Q(cluster__closed_at__isnull=True)", "pass",
        "nobody_works_on_it_looks_at_it_or_renews_its_credential"),
    closing("nothing is asked for on a closed cluster", "submit:_write",
        "if Cluster.objects.filter(pk=wish.cluster.pk, closed_at__isnull=False).exists():",
        "if False:", "nothing_can_be_asked_for_on_it"),
    closing("a closed cluster's name is not prepared again", "prepare_cluster:registered_row",
        "if closed := Cluster.objects.filter(name=name, closed_at__isnull=False).first():",
        "if closed := None:", "it_is_closed_once_and_its_name_is_not_prepared_again"),
    GuardMutant("what fences is put back at once, however often",
        "services.deviations", "_hold", "any(sighting.is_fence for sighting in drift)", "False",
        "tests/services/test_deviations.py::"
        "test_the_fence_is_put_back_at_once_however_often"),
    GuardMutant("labels that policies go by are of the fence",
        "plan.fence", "is_of_the_fence",
        " or any(_opens(difference) for difference in differing)", "",
        "tests/services/test_deviations.py::test_labels_that_fence_are_put_back_at_once"),
    GuardMutant("a repair that is undone again and again waits longer each time",
        "services.deviations", "_hold", "return min(waits) if", "return None if",
        "tests/services/test_deviations.py::"
        "test_g22_a_fight_backs_off_from_ten_seconds_to_ten_minutes"),
    GuardMutant("what comes back within an hour has no new events",
        "services.deviations", "_continued",
        "if row is None or sighting.kind", "if True or sighting.kind",
        "tests/services/test_deviations.py::test_g22_sixty_fights_leave_few_events_and_are_seen"),
    GuardMutant("a fight is told once",
        "services.deviations", "_tell_fights", "if row.fought_at is None and", "if",
        "tests/services/test_deviations.py::test_g22_sixty_fights_leave_few_events_and_are_seen"),
    GuardMutant("a change is not dated before the last reading",
        "services.deviations", "_changed_at", " or at < not_before.replace(microsecond=0)", "",
        "tests/services/test_deviations.py::"
        "test_what_was_written_before_the_last_reading_is_not_when_it_was_changed"),
    GuardMutant("an acknowledgement is of the very object that was seen",
        "services.deviations", "_rows",
        "return rows.filter(uid=sighting.uid, digest=sighting.digest)", "return rows",
        "tests/services/test_deviations.py::test_a_foreign_object_that_changes_is_another"),
    GuardMutant("a foreign object that is another ends the first",
        "services.deviations", "_end_foreign",
        "row.uid, row.digest) in there", "row.uid, row.digest) != ()",
        "tests/services/test_acknowledge.py::test_it_comes_back_when_the_object_is_another"),
    GuardMutant("only leads and platform admins acknowledge",
        "services.acknowledge", "_check", "if not may_acknowledge(by.permissions, row.namespace):",
        "if False:",
        "tests/services/test_acknowledge.py::test_nobody_else_acknowledges[bob-Forbidden]"),
    GuardMutant("an acknowledgement has a reason",
        "services.acknowledge", "_check", "if not reason.strip():", "if False:",
        "tests/services/test_acknowledge.py::test_it_needs_a_reason_of_bounded_length"),
    GuardMutant("an object of others goes by its uid",
        "services.phases.work", "Work._remove_foreign",
        'live is None or text(live, "metadata", "uid") != uid', "live is None",
        "tests/services/test_remove_foreign.py::"
        "test_another_object_of_its_name_is_left_alone_and_that_is_said"),
    GuardMutant("only what stands there can be asked to go",
        "services.submit", "_check_namespace", "if gone:", "if False:",
        "tests/services/test_remove_foreign.py::test_only_what_stands_there_can_be_asked_to_go"),
    GuardMutant("an approval binds what is removed",
        "plan.model", "Plan.digest", "                **_removes(self),\n", "",
        "tests/services/test_remove_foreign.py::test_the_approval_binds_what_goes"),
    GuardMutant("a removed policy is the network approvers' matter",
        "plan.approvals", "_removal_lanes", "if policies else ()", "if False else ()",
        "tests/services/test_remove_foreign.py::"
        "test_a_policy_of_others_is_the_network_approvers_matter"),
    GuardMutant("a change is offered only where one helps",
        "queries.namespaces", "is_changeable", "namespace.reason in MENDABLE", "True",
        "tests/web/test_guidance.py::"
        "test_what_cannot_be_asked_for_now_is_no_race_that_was_lost"),
    *ACCOUNTS,
    *ADDRESSES,
    *ADMISSION,
    *ALONE,
    *APPROVED,
    *COMPOSE,
    *BELIEVED,
    *BOUNDS,
    *CATALOGUE,
    *CREDENTIALS,
    *DECIDE,
    *DOORS,
    *DOUBT,
    *DATABASES,
    *METRICS,
    *OBSERVER,
    *PEOPLE,
    *HTTP,
    *HISTORY,
    *QUEUE,
    *REASONS,
    *REACH,
    *RENDERED_ANEW,
    *TEAMS,
    *SIGNATURES,
    *WAITING,
    *NEIGHBOURS,
    *ROLES,
    *TRUTH,
    *EPOCH,
    *FENCE_GATE,
    *TIME,
    *LISTS,
    *LOCKS,
    *NEMESIS,
    *TYPED,
    *NOTICES,
)
# fmt: on
