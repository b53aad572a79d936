"""Pages of a list: fewer objects after an answer too large, more again later, never without end."""

import pytest

from onboarding.cluster.errors import ServerFault, TooLarge
from onboarding.cluster.paging import LARGEST_PAGE, Allowance, PageWalk

REFUSED = TooLarge("the answer is larger than 16 MiB")
SMALL = 1024


def test_a_page_too_large_is_asked_for_again_with_fewer_objects_at_the_same_place() -> None:
    walk = PageWalk(500)
    walk.turn("there", SMALL)
    walk.shrink(REFUSED)
    assert walk.query == {"limit": "125", "continue": "there"}


def test_it_shrinks_down_to_one_object_and_then_gives_up() -> None:
    walk = PageWalk(500)
    for _ in range(4):
        walk.shrink(REFUSED)
    assert walk.limit == 1
    with pytest.raises(TooLarge):
        walk.shrink(REFUSED)


def test_small_pages_let_it_grow_again_slowly_and_never_beyond_the_most() -> None:
    walk = PageWalk(500)
    for _ in range(2):
        walk.shrink(REFUSED)
    limits = []
    for number in range(6):
        walk.turn(f"more-{number}", SMALL)
        limits.append(walk.limit)
    assert limits == [62, 124, 248, 496, 500, 500]


def test_pages_that_are_nearly_too_large_do_not_let_it_grow() -> None:
    walk = PageWalk(500)
    walk.shrink(REFUSED)
    walk.turn("more", LARGEST_PAGE // 2)
    assert walk.limit == 125


def test_the_last_page_ends_it() -> None:
    walk = PageWalk(500)
    walk.turn("", SMALL)
    assert walk.is_over


def test_what_was_thrown_away_is_paid_for() -> None:
    allowance = Allowance(LARGEST_PAGE + SMALL)
    walk = PageWalk(500, allowance)
    walk.shrink(REFUSED)
    assert (allowance.left, walk.largest) == (SMALL, SMALL)


def test_a_spent_allowance_asks_for_nothing_more() -> None:
    allowance = Allowance(SMALL)
    walk = PageWalk(500, allowance)
    walk.turn("more", SMALL)
    with pytest.raises(TooLarge, match="the list is larger"):
        _ = walk.largest


def test_a_page_of_another_moment_does_not_fit() -> None:
    walk = PageWalk(500)
    walk.turn("more", SMALL, "17")
    with pytest.raises(ServerFault, match="do not fit together"):
        walk.turn("", SMALL, "18")


def test_a_page_that_leads_to_itself_is_a_fault() -> None:
    walk = PageWalk(500)
    walk.turn("more", SMALL, "17")
    with pytest.raises(ServerFault, match="do not fit together"):
        walk.turn("more", SMALL, "17")
