"""Guards of accounts: one door, limits that hold, what is asked again, what history tells."""

from tests.support.guard_mutant import GuardMutant

EVENTS = "tests/web/test_account_events.py::test_"
LIMITS = "tests/web/test_limits_hold.py::test_"
OWN = "tests/web/test_own_addresses.py::test_"
PROXY = "tests/web/test_behind_a_proxy.py::test_"
SIGN_IN = "tests/web/test_sign_in.py::test_"
ADDRESS = "tests/services/test_client_address.py::test_"
COUNTERS = "tests/services/test_counters.py::test_"
FACTORS = "tests/services/test_second_factor.py::test_"


def adapter(guard: str, name: str, old: str, new: str, test: str) -> GuardMutant:
    return GuardMutant(guard, "views.accounts", f"AccountAdapter.{name}", old, new, test)


def told(what: str, function: str, old: str, test: str) -> GuardMutant:
    """An event of accounts that is no longer written."""
    return GuardMutant(f"history tells of {what}", "views.account_events", function, old, "pass",
        f"{EVENTS}{test}")  # fmt: skip


# fmt: off
ACCOUNTS: tuple[GuardMutant, ...] = (
    GuardMutant("the admin site has no sign-in of its own",
        "admin_site", "BulkheadAdminSite.login",
        "return redirect_to_login(wanted, resolve_url(settings.LOGIN_URL))",
        "return admin.AdminSite.login(self, request)",
        f"{SIGN_IN}the_admin_sites_form_signs_nobody_in"),
    GuardMutant("the admin site has no password page of its own",
        "admin_site", "BulkheadAdminSite.password_change",
        'return redirect("account_change_password")',
        "return admin.AdminSite.password_change(self, request)",
        f"{SIGN_IN}a_password_is_changed_on_the_account_page"),
    GuardMutant("the admin site takes the portal's own models only",
        "admin_site", "BulkheadAdminSite.register",
        " if model._meta.app_label == User._meta.app_label", "",
        f"{SIGN_IN}a_superuser_finds_no_model_without_events_in_the_admin_site"),
    adapter("wrong passwords are counted by person and address",
        "_get_login_attempts_cache_key", "{by_person}:{get_ip(request)}", "{by_person}",
        f"{SIGN_IN}wrong_passwords_elsewhere_do_not_lock_frank_out"),
    GuardMutant("behind a proxy the address is the client's",
        "services.client_address", "client_address", "if proxies <= 0:", "if True:",
        f"{PROXY}an_export_names_it"),
    GuardMutant("the address is the one our own proxy saw",
        "services.client_address", "client_address", "passed_on[-proxies]", "passed_on[0]",
        f"{ADDRESS}it_is_what_the_outermost_of_our_proxies_saw[1-198.51.100.1, 203.0.113.7"
        "-203.0.113.7]"),
    GuardMutant("IPv4 in the clothes of IPv6 is no network of IPv6",
        "services.client_address", "_read", "found.ipv4_mapped:", "False:",
        f"{LIMITS}ipv4_addresses_written_as_ipv6_are_not_one_network"),
    GuardMutant("an event of the admin site names the client's address",
        "admin_site", "acting_in", "client_address(request.META)",
        'request.META["REMOTE_ADDR"]', f"{PROXY}a_change_in_the_admin_site_names_it"),
    GuardMutant("an event of a page names the client's address",
        "views.actors", "actor_of", "client_address(request.META)",
        'request.META["REMOTE_ADDR"]', f"{PROXY}an_export_names_it"),
    GuardMutant("the log names the client's address",
        "views.middleware", "RequestId.__call__",
        "address=client_address(request.META)", "address=None",
        f"{PROXY}the_log_names_it"),
    GuardMutant("no flood washes a living count away",
        "services.counters", "Counters._keep", "WHERE expires < %s\", [expired]",
        "WHERE %s IS NOT NULL\", [expired]",
        f"{LIMITS}m12_a_flood_from_other_addresses_unlocks_nobody"),
    GuardMutant("who counts is not counted over by somebody else at once",
        "services.counters", "Counters.add", "unless_there=True", "unless_there=False",
        f"{COUNTERS}what_is_there_is_added_again_only_when_it_has_expired"),
    GuardMutant("a right code wipes nothing of its address's count",
        "services.counters", "Counters.delete", "tries[1:]", "[]",
        f"{LIMITS}a_right_code_wipes_nothing_of_its_addresss_count"),
    adapter("others behind an address do not lock out who signed in before",
        "pre_authenticate", "if known:", "if False:",
        f"{LIMITS}others_in_the_office_do_not_lock_out_who_signed_in_before"),
    adapter("a known browser has five tries",
        "_count_own", "if not usage:", "if False:",
        f"{LIMITS}a_known_browser_has_five_tries_and_no_more"),
    GuardMutant("a browser is known for its person only",
        "views.known_browsers", "known_browser",
        'person and known.startswith(f"{person.pk}:")', "person",
        f"{LIMITS}a_known_browser_is_known_for_its_person_and_by_our_hand_only[dana]"),
    GuardMutant("the secret of a second factor is stored sealed",
        "views.accounts", "SecondFactorAdapter.encrypt",
        "seal(settings.BULKHEAD_SECOND_FACTOR_KEYS, text)", "text",
        f"{FACTORS}a_copy_of_the_database_makes_no_codes"),
    GuardMutant("a seed that was never sealed opens nothing",
        "services.sealed_seeds", "unseal", 'raise CannotUnseal("it was never sealed")',
        "return stored", f"{FACTORS}a_seed_somebody_wrote_in_clear_opens_nothing"),
    GuardMutant("the upgrade seals recovery codes too",
        "services.sealed_seeds", "_secrets", '"seed", ', "",
        f"{FACTORS}the_upgrade_leaves_no_seed_in_clear"),
    adapter("a verified address does not become the account's by the way",
        "confirm_email", "keep_own_address(email_address.user)", "pass",
        f"{OWN}nor_does_one_that_was_added_before_the_upgrade"),
    GuardMutant("the address of the admin site is told of another one",
        "forms.people", "NewAddressForm.save", "keep_own_address(self.user)", "pass",
        f"{OWN}the_old_address_is_told_of_one_that_was_never_verified"),
    adapter("what the limits refuse is in the log",
        "pre_authenticate", 'log.warning("sign-in refused by the limits")', "pass",
        f"{EVENTS}what_the_limits_refuse_is_in_the_log_only"),
    GuardMutant("nobody buries history in failures",
        "services.account_events", "record_by_somebody", "if told_already >= TOLD_AN_HOUR:",
        "if False:", f"{EVENTS}nobody_buries_history_in_failures"),
    GuardMutant("an address that was verified by its link is always told",
        "services.account_events", "record_by_somebody", " if action in BOUNDED else 0", "",
        f"{EVENTS}an_address_verified_by_its_link_is_told_every_time"),
    GuardMutant("what history leaves out is in the log",
        "services.account_events", "record_by_somebody",
        'log.warning("not in history, too many an hour", action=action.value, person=about.id)',
        "pass", f"{EVENTS}beyond_the_bound_a_wish_to_reset_is_in_the_log"),
    GuardMutant("names that nobody has are not kept",
        "views.account_events", "_record_failure", "person=person.pk if person else None",
        "person=request.POST", f"{EVENTS}what_was_typed_as_a_name_is_kept_nowhere"),
    told("signing in", "signed_in",
        '_record(Action.SIGNED_IN, request, user, {"factors": used})',
        "signing_in_is_told_with_person_address_and_factor"),
    told("a wrong password", "password_refused",
        '_record_failure(request, person_called(str(login)), "password")',
        "a_wrong_password_is_told_about_the_person_and_by_nobody"),
    told("a wrong code", "code_refused",
        "_record_failure(request, user, _FACTORS[authenticator.type])", "a_wrong_code_is_told"),
    GuardMutant("history tells of a refused passkey",
        "forms.passkeys", "TellsRefusal.clean_credential",
        'refused.code != "too_many_login_attempts"', "False",
        f"{EVENTS}a_passkey_that_is_refused_is_told_about_nobody"),
    told("signing out", "signed_out", "_record(Action.SIGNED_OUT, request, user)",
        "signing_out_is_told"),
    told("a new password", "password_changed", "_record(Action.PASSWORD_CHANGED, request, user)",
        "a_new_password_is_told_and_ends_other_sessions"),
    told("a reset", "password_reset", "_record(Action.PASSWORD_RESET, request, user)",
        "a_reset_is_told_from_the_wish_to_the_new_password"),
    told("another address", "address_made_primary",
        "_record(Action.ADDRESS_CHANGED, request, user, body)",
        "each_step_of_another_address_is_told"),
    told("a second factor that comes", "factor_added",
        '_record(action, context.request, instance.user, {"factors": [_FACTORS[instance.type]]})',
        "second_factors_are_told_as_they_come_and_go"),
    told("a second factor that goes", "factor_removed",
        "_record(Action.SECOND_FACTOR_DROPPED, request, user, body)",
        "second_factors_are_told_as_they_come_and_go"),
)
# fmt: on
