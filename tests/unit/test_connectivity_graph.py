"""The picture of a namespace's neighbours: nothing overlaps, sticks out or goes missing."""

from dataclasses import replace
from itertools import combinations

import pytest

from onboarding.pages.connectivity_graph import (
    FRAME_WIDTH,
    FRAME_X,
    MOST_BOXES,
    MOST_GROUPS,
    WIDTH,
    Box,
    Drawing,
    Spot,
    Text,
    draw,
    fit,
)

LONG = "payments-of-the-whole-company-in-every-country-there-is-production"
MORE = "and %d more, see the table"


def spots(count: int, *, words: str = LONG) -> tuple[Spot, ...]:
    """Parties with long names; every other one is open."""
    return tuple(
        Spot(
            f"{number}-{words}",
            words,
            words,
            is_open=number % 2 == 0,
            whom=words,
            unsettled=words if number % 3 == 0 else "",
        )
        for number in range(count)
    )


def drawing(groups: int, senders: int, takers: int) -> Drawing:
    return draw(LONG, groups=spots(groups), senders=spots(senders), takers=spots(takers), more=MORE)


def is_inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def do_overlap(one: Box, other: Box) -> bool:
    apart = (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )
    return not apart


def area(text: Text) -> Box:
    """The room a text takes at most: 12 px high letters over its line, a little below it."""
    left = text.x - text.width / 2 if text.is_centred else text.x
    return Box(int(left), text.y - 11, int(text.width) + 1, 14, text.css)


SIZES = [(0, 0, 0), (1, 0, 1), (1, 1, 0), (3, 8, 2), (MOST_GROUPS + 3, 1, 1), (2, 9, 40)]


@pytest.mark.parametrize(("groups", "senders", "takers"), SIZES)
class TestGeometry:
    def test_boxes_do_not_overlap(self, groups: int, senders: int, takers: int) -> None:
        for one, other in combinations(drawing(groups, senders, takers).boxes, 2):
            assert not do_overlap(one, other) or is_inside(other, one), (one, other)

    def test_everything_is_inside_the_picture(self, groups: int, senders: int, takers: int) -> None:
        drawn = drawing(groups, senders, takers)
        whole = Box(0, 0, drawn.width, drawn.height, "")
        for box in (*drawn.boxes, *map(area, drawn.texts)):
            assert is_inside(box, whole), box

    def test_every_text_has_a_box_or_a_gap_to_itself(
        self, groups: int, senders: int, takers: int
    ) -> None:
        drawn = drawing(groups, senders, takers)
        for text in drawn.texts:
            for box in drawn.boxes:
                room = area(text)
                assert is_inside(room, box) or not do_overlap(room, box), (text, box)
        for one, other in combinations(drawn.texts, 2):
            assert not do_overlap(area(one), area(other)), (one, other)


def test_a_side_with_too_many_says_how_many_are_left_out() -> None:
    drawn = drawing(0, MOST_BOXES + 5, 0)
    assert "and 5 more, see the table" in {text.words for text in drawn.texts}
    assert len(drawn.arrows) == MOST_BOXES


def test_nothing_is_said_to_be_left_out_where_there_is_room() -> None:
    assert not [text for text in drawing(0, MOST_BOXES, 0).texts if "see the table" in text.words]


def test_parties_with_a_path_come_first() -> None:
    blocked = Spot("a", label="Blocked")
    opened = Spot("b", label="TCP 443", is_open=True)
    drawn = draw("x", groups=(), senders=(), takers=(blocked, opened), more=MORE)
    assert [arrow.is_open for arrow in drawn.arrows] == [True, False]


def test_arrows_end_at_the_frame_and_at_the_boxes() -> None:
    drawn = draw("x", groups=(), senders=spots(1, words="s"), takers=spots(1, words="t"), more=MORE)
    inward, outward = drawn.arrows
    right = next(box for box in drawn.boxes if box.x > FRAME_X + FRAME_WIDTH)
    assert inward.mark.startswith(f"M{FRAME_X} ")
    assert outward.line.startswith(f"M{FRAME_X + FRAME_WIDTH} ")
    assert outward.mark.startswith(f"M{right.x} ")


def test_open_and_blocked_differ_in_words_and_in_shape() -> None:
    takers = (Spot("a", label="TCP 443", is_open=True), Spot("b", label="Blocked"))
    drawn = draw("x", groups=(), senders=(), takers=takers, more=MORE)
    assert [text.words for text in drawn.texts if text.is_centred] == ["TCP 443", "Blocked"]
    tip, cross = (arrow.mark for arrow in drawn.arrows)
    assert tip.endswith("z")
    assert not cross.endswith("z")


@pytest.mark.parametrize("whom", ["", "app=web"])
def test_what_is_not_settled_says_so_under_its_arrow(whom: str) -> None:
    unsure = Spot("a", label="TCP 443", is_open=True, whom=whom, unsettled="not settled")
    drawn = draw("x", groups=(), senders=(), takers=(unsure, Spot("b")), more=MORE)
    below = [text.words for text in drawn.texts if text.is_centred][1:3]
    assert "not settled" in below[-1 if whom else 0]
    assert {text.css for text in drawn.texts if text.words in ("TCP 443", "not settled")} == {
        "unsure"
    }


def test_own_pods_whose_answer_is_not_settled_look_different() -> None:
    group = Spot("a", "Inside: every port", is_open=True)
    notes = [
        next(text.css for text in drawn.texts if text.words == group.note)
        for drawn in (
            draw("x", groups=(one,), senders=(), takers=(), more=MORE)
            for one in (group, replace(group, unsettled="not settled"))
        )
    ]
    assert notes == ["ok", "unsure"]


@pytest.mark.parametrize("room", [0, 20, 100, 10_000])
def test_words_are_cut_with_an_ellipsis_only_where_they_have_to_be(room: int) -> None:
    cut = fit(LONG, room)
    assert Text(0, 0, cut).width <= max(room, 8)
    assert cut == LONG if room == 10_000 else cut.endswith("…")


def test_the_picture_fits_its_page() -> None:
    assert drawing(1, 1, 1).width == WIDTH
