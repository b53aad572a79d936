"""Guards of the observer: one namespace cannot take the others their picture."""

from tests.support.guard_mutant import GuardMutant

_LISTS = "tests/services/test_read_lists.py::test_"
_MANAGED = "tests/services/test_read_lists.py::TestAManagedNamespace::test_"
_PAGING = "tests/unit/test_paging.py::test_"

# fmt: off
OBSERVER: tuple[GuardMutant, ...] = (
    GuardMutant("a page too large is asked for again with fewer objects",
        "cluster.paging", "PageWalk.shrink", "if self.limit == 1:", "if True:",
        f"{_LISTS}pages_shrink_until_they_can_be_read_and_all_is_seen"),
    GuardMutant("pages grow no further than the most",
        "cluster.paging", "PageWalk.turn", "min(self.most, self.limit * GROWS_BY)",
        "self.limit * GROWS_BY",
        f"{_PAGING}small_pages_let_it_grow_again_slowly_and_never_beyond_the_most"),
    GuardMutant("what was thrown away is paid for",
        "cluster.paging", "PageWalk.shrink", "self._spend(self.largest)", "pass",
        f"{_PAGING}what_was_thrown_away_is_paid_for"),
    GuardMutant("a spent allowance asks for nothing more",
        "cluster.paging", "PageWalk.largest", "if not self.allowance.left:", "if False:",
        f"{_PAGING}a_spent_allowance_asks_for_nothing_more"),
    GuardMutant("a kind that is too much is read namespace by namespace",
        "services.read_lists", "ListReader._whole",
        "if is_split or not KINDS[kind].namespaced:", "if True:",
        f"{_LISTS}a_namespace_too_large_is_unread_and_the_others_are_current"),
    GuardMutant("a namespace takes no more than its slice",
        "services.read_lists", "ListReader._by_namespace", "min(most, self.left - spared)",
        "self.left - spared",
        f"{_LISTS}however_many_are_heavy_those_who_are_light_are_read"),
    GuardMutant("who was left out comes first the next time",
        "services.read_lists", "ListReader._by_namespace",
        "(not self._was_unread(kind, one), one)", "one",
        f"{_LISTS}who_was_left_out_comes_first_the_next_time"),
    GuardMutant("one kind leaves the others time",
        "services.read_lists", "ListReader._check_time", "if self.checked_at >= ends_at:",
        "if False:",
        f"{_LISTS}a_list_that_takes_too_long_leaves_time_for_the_others"),
    GuardMutant("of what is unread nothing is called missing",
        "services.compare_observed", "Expectations.watched",
        "if key.namespace not in unread", "if key",
        f"{_MANAGED}of_what_is_unread_nothing_is_called_missing"),
    GuardMutant("what is unread makes answers incomplete",
        "queries.observed", "_unread", "CONNECTING_KINDS.intersection(kinds)", "()",
        f"{_LISTS}what_is_unread_makes_answers_about_that_namespace_incomplete"),
    GuardMutant("what another namespace of the name ran is not kept",
        "services.observed_rows", "_as_last_read", "before.uid != one.uid", "False",
        f"{_LISTS}what_another_namespace_of_the_name_ran_is_not_kept"),
    GuardMutant("pods that could not be counted are to be confirmed",
        "queries.holdings", "Holdings.confirmation", "or self.unread", "",
        f"{_MANAGED}pods_that_could_not_be_counted_are_unknown_and_to_be_confirmed"),
)
# fmt: on
