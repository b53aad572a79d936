"""Guards of addresses and forms that come back: nothing unknown is ignored, nothing untrue said."""

from tests.support.guard_mutant import GuardMutant

PAGES = "tests/web/test_addresses.py::test_"

# fmt: off
ADDRESSES: tuple[GuardMutant, ...] = (
    GuardMutant("what a page does not know in its address is refused",
        "views.posted", "asked", "or not unknown", "or True",
        f"{PAGES}what_a_page_does_not_know_is_refused_by_name"),
    GuardMutant("home refuses what it does not know in its address",
        "views.home", "home", "    asked(request)\n", "",
        f"{PAGES}what_a_page_does_not_know_is_refused_by_name[pat-/?foo=1]"),
    GuardMutant("help refuses what it does not know in its address",
        "views.help_pages", "help_page", "    asked(request)\n", "",
        f"{PAGES}a_stranger_reads_on_help_what_it_does_not_know"),
    GuardMutant("a place that cannot be read is an error of the list",
        "forms.list_filter", "ListFilter.page", "self.add_error(None, str(wrong))", "pass",
        f"{PAGES}a_place_that_cannot_be_read_is_said_above_the_list"),
    GuardMutant("an address that takes forms only says so to a person",
        "views.middleware", "Refusals.__call__", "response.status_code != 405", "True",
        f"{PAGES}an_address_that_takes_forms_only_says_so_and_leads_back"),
    GuardMutant("what was said of other answers goes when a form is filled again",
        "pages.refill", "_Filler._tells_of_answers", "elif words:", "elif False:",
        "tests/web/test_kept_forms.py::test_what_is_shown_again_is_not_called_missing"),
    GuardMutant("an answer that will not do is not called missing",
        "pages.request_preview", "_still_needed", "if not form.data.get(name):", "if True:",
        "tests/web/test_request_form_guides.py::test_a_name_that_is_taken_is_not_called_missing"),
)
# fmt: on
