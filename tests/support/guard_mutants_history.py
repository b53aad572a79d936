"""Guards of what auditors read: links, filters, files, and sentences on what a revision did."""

from tests.support.guard_mutant import GuardMutant

# fmt: off
HISTORY: tuple[GuardMutant, ...] = (
    GuardMutant("no worker begins before a company's story is told",
        "demo.volume", "_approve", ".update(next_at=held_until)", ".exists()",
        "tests/services/test_demo_people.py::test_workers_begin_when_all_of_it_is_told"),
    GuardMutant("nothing of a company's story is still to come",
        "demo.volume", "_steps", "at = min(wish.at + HOURS, latest)", "at = wish.at + HOURS",
        "tests/services/test_demo_people.py::test_nothing_of_it_is_still_to_come"),
    GuardMutant("what every namespace gets is not told as opened by anybody",
        "queries.revision_words", "effect_of", "if not one.is_baseline", "",
        "tests/unit/test_revision_words.py::"
        "test_what_is_recorded_of_a_revision_leaves_out_what_every_namespace_gets"),
    GuardMutant("paths of the baseline are told apart from what goes beyond it",
        "reachability.steps", "_baseline_pieces", "if opening.rules and all(", "if False and all(",
        "tests/unit/test_revision_words.py::test_what_every_namespace_gets_stands_last_and_apart"),
    GuardMutant("words are looked for in what a revision opened",
        "queries.events", "with_words", "for column in _WORDS_STAND_IN",
        "for column in _WORDS_STAND_IN[:-1]",
        "tests/web/test_history.py::test_who_opened_a_port_is_found_by_its_number"),
    GuardMutant("a line of history leads only where its reader may go",
        "pages.event_links", "EventLinks.namespace", "if known else", "if True else",
        "tests/web/test_event_sentences.py::test_charlie_would_get_no_link"),
    GuardMutant("requests of others are no links either",
        "pages.event_links", "links_for", "visible_requests(permissions)",
        "visible_requests(permissions).model.objects",
        "tests/web/test_event_sentences.py::test_charlie_would_get_no_link"),
    GuardMutant("pages of the platform are for its admins",
        "pages.event_links", "links_for", "if permissions.is_platform_admin else {}",
        "if True else {}",
        "tests/web/test_event_sentences.py::test_only_platform_admins_are_led_to_clusters"),
    GuardMutant("a name that history does not know is refused aloud",
        "forms.event_filter", "EventFilter.clean", "if not cleaned[name]:", "if False:",
        "tests/web/test_history.py::test_a_name_that_nobody_has_is_refused"),
    GuardMutant("a place in history that is none is refused",
        "forms.event_filter", "EventFilter.clean",
        'if not self._is_place(str(self.data.get("before", ""))):', "if False:",
        "tests/web/test_history.py::"
        "test_a_filter_that_history_does_not_know_is_refused_aloud[before=first-"
        "The place in the list cannot be read.]"),
    GuardMutant("words are looked for in a bounded number of events",
        "pages.event_page", "build_event_page", "end_of_search(rows) if form.search else 0", "0",
        "tests/web/test_history_files.py::TestWordsInALongHistory::"
        "test_words_are_looked_for_in_a_bounded_number_of_events"),
    GuardMutant("a file holds only what has the words",
        "queries.events", "in_pieces", "_pieces(with_words(events, words), size)",
        "_pieces(events, size)",
        "tests/web/test_history_files.py::"
        "test_a_file_of_words_holds_what_the_page_finds[q=no-such-word]"),
    GuardMutant("still so is said of what was read back and nothing newer contradicts",
        "pages.revisions", "_standing",
        "if not truth.is_verified or namespace.is_out_of_sight:", "if False:",
        "tests/web/test_revisions.py::test_still_so_is_said_only_as_far_as_anybody_knows[how2-"
        "Unknown now: last read back whole]"),
    GuardMutant("what a later revision closed is not called open",
        "reachability.steps", "_lasting", "if not open_:", "if False:",
        "tests/unit/test_steps.py::test_what_was_opened_is_told_by_whether_it_still_is[later1-not]"),
    GuardMutant("whoever may not know of a request is not told of its decision",
        "queries.decisions", "decided_lately", "request__in=known, ", "",
        "tests/services/test_decided_lately.py::test_a_team_reads_its_own_and_a_stranger_nothing"),
    GuardMutant("a decision that no longer counts is not told",
        "queries.decisions", "decided_lately", ", voided_at__isnull=True", "",
        "tests/services/test_decided_lately.py::test_what_no_longer_counts_is_not_told"),
)
# fmt: on
