"""Guards between the socket and the view: what is taken in, shown, kept and started with."""

from tests.support.guard_mutant import GuardMutant


def readable(guard: str, name: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of `views/readable.py`."""
    return GuardMutant(
        guard, "views.readable", name, old, new, f"tests/web/test_readable.py::test_{test}"
    )


def around(guard: str, name: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of `views/middleware.py`."""
    return GuardMutant(guard, "views.middleware", name, old, new, f"tests/web/{test}")


def at_start(guard: str, name: str, old: str, test: str) -> GuardMutant:
    """A setting that is refused."""
    return GuardMutant(
        guard, "portal.start", name, old, "False", f"tests/unit/test_start.py::test_{test}"
    )


def served(guard: str, name: str, old: str, new: str, test: str) -> GuardMutant:
    """A bound of the web server."""
    noticed_by = f"tests/unit/test_web_worker.py::test_{test}"
    return GuardMutant(guard, "portal.web_worker", name, old, new, noticed_by)


DANGEROUS = "what_is_dangerous_is_refused"

# fmt: off
HTTP: tuple[GuardMutant, ...] = (
    readable("a control character is taken in nowhere", "ReadableInput.__call__",
        "unstorable_in(text)", '""',
        "a_control_character_in_an_address_is_answered_400"),
    readable("a cookie holds no control character", "ReadableInput.__call__",
        "unstorable_in(name + value)", "False",
        "a_control_character_in_a_cookie_is_answered_400"),
    readable("a form holds no control character", "_texts",
        'yield _("A field of the form"), name + "".join(values)', "pass",
        "a_control_character_in_a_form_is_answered_400"),
    GuardMutant("half a surrogate pair is taken in nowhere",
        "domain.invisible", "unstorable_in",
        "search(text)", 'search(text.encode(errors="ignore").decode())',
        "tests/web/test_readable.py::test_a_lone_surrogate_is_answered_400"),
    readable("a form takes no file", "NoFiles.new_file", "raise UnreadableForm(", "UnreadableForm(",
        "a_file_is_refused_by_forms_that_have_none"),
    readable("what turns text is shown", "ShownAsWritten.__call__",
        "shown(page)", "page", "what_would_turn_text_is_shown_wherever_it_came_from"),
    readable("what a form would send stays as it is stored", "_readable",
        "part if number % 2 else shown(part)", "shown(part)",
        "what_a_form_would_send_stays_and_all_around_it_is_shown"),
    GuardMutant("a joiner is shown where it joins nothing",
        "domain.invisible", "_named", "number in _JOINERS and _JOINING.match(before)",
        "number in _JOINERS",
        "tests/unit/test_invisible.py::test_what_joins_or_varies_nothing_is_shown"),
    GuardMutant("a cell shows what turns text",
        "pages.event_export", "harmless", "shown(text)", "text",
        "tests/web/test_history.py::test_a_cell_shows_what_would_turn_it"),
    around("a page is kept by nobody", "NoStore.__call__",
        'response["Cache-Control"] = "no-store, private"', "pass",
        "test_kept_by_nobody.py::test_looking_writes_no_row_and_is_kept_nowhere"),
    around("a line of a page that is not there says who asked", "RequestId.__call__",
        'note_person(getattr(request, "_cached_user", None))', "pass",
        "test_log_lines.py::test_every_line_says_which_request_who_and_from_where"),
    around("a request's log lines are nobody else's", "RequestId.__call__",
        "structlog.contextvars.clear_contextvars()", "pass",
        "test_log_lines.py::test_the_next_request_on_the_thread_is_nobody_elses"),
    around("a link for one use is in no log", "_route",
        'match.route.startswith("accounts/")', "False",
        "test_log_lines.py::test_a_link_for_one_use_is_in_no_line"),
    GuardMutant("the twin of a stored form gets its answer",
        "views.form_answers", "_judged", "if known := already_sent(request):",
        "if known := None:",
        "tests/web/test_sent_twice.py::"
        "test_g03_a_twin_that_was_stored_meanwhile_answers_for_both"),
    GuardMutant("the demo's people are made in the demo only",
        "management.commands.seed_demo", "Command.handle", "not settings.DEMO", "False",
        "tests/services/test_demo_people.py::test_nobody_is_made_outside_the_demo"),
    GuardMutant("a company is filled in in the demo only",
        "management.commands.seed_volume", "Command.handle", "not settings.DEMO", "False",
        "tests/services/test_demo_people.py::test_no_volume_is_made_outside_the_demo"),
    GuardMutant("only platform admins say whom people can ask",
        "services.help_contacts", "set_help_contacts",
        "not by.permissions.is_platform_admin", "False",
        "tests/web/test_help.py::test_the_service_refuses_everybody_else"),
    GuardMutant("strangers learn only who helps to sign in",
        "queries.help_contacts", "contacts_for", "rows if is_signed_in else", "rows if True else",
        "tests/web/test_help.py::test_strangers_learn_only_who_helps_to_sign_in"),
    at_start("no demo with HTTPS", "_problems", "told.https and told.demo", f"{DANGEROUS}[demo]"),
    at_start("no debug mode with HTTPS", "_problems", "told.https and told.debug",
        f"{DANGEROUS}[debug]"),
    at_start("no short key", "_weak_key", "len(key) < SHORTEST_KEY", f"{DANGEROUS}[short key]"),
    at_start("no key of few characters", "_weak_key", "len(set(key)) < FEWEST_CHARACTERS",
        f"{DANGEROUS}[few characters]"),
    at_start("no demo key in production", "_weak_key", 'key in {"", DEMO_SECRET_KEY}',
        f"{DANGEROUS}[demo key]"),
    at_start("no wildcard for hosts", "_open_hosts", '"*" in host', f"{DANGEROUS}[any host]"),
    at_start("no subdomains for hosts", "_open_hosts", 'host.startswith(".")',
        f"{DANGEROUS}[subdomains]"),
    at_start("no origin without TLS", "_open_origins", 'not origin.startswith("https://")',
        f"{DANGEROUS}[origin without TLS]"),
    at_start("no wildcard for origins", "_open_origins", '"*" in origin',
        f"{DANGEROUS}[any origin]"),
    GuardMutant("the web process has no key to clusters",
        "portal.start", "refuse_cluster_keys", "if keys:", "if False:",
        "tests/unit/test_start.py::test_the_web_process_is_given_no_key_to_clusters"),
    served("half a header is not waited for for ever", "TimedChannel._allowed",
        "HEADER_SECONDS", "10 * HEADER_SECONDS",
        "each_part_of_a_request_has_its_time[request_1-10.0]"),
    served("half a body is not waited for for ever", "TimedChannel._allowed",
        "BODY_SECONDS if", "10 * BODY_SECONDS if",
        "each_part_of_a_request_has_its_time[request_2-30.0]"),
    served("an unread answer is given up", "TimedChannel.is_late",
        "> UNREAD_SECONDS", "> 10 * UNREAD_SECONDS", "an_answer_that_nobody_takes_is_given_up"),
    served("connections have a bound", "close_late", "if excess > 0:", "if False:",
        "above_the_bound_who_has_made_us_wait_longest_goes"),
)
# fmt: on
