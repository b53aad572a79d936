"""The filter of a list: what it knows narrows, everything else is refused aloud."""

from typing import Any

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from onboarding.forms.list_filter import ListFilter, choice_field, search_field
from onboarding.templatetags.bulkhead import error_summary
from onboarding.templatetags.form_fields import build_field_view, list_errors


class FruitFilter(ListFilter):
    """Fruit, by its colour."""

    colour = choice_field("Colour")
    q = search_field("Search", "Name")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        words = {"red": "Red ones", "green": "Green ones", "blue": "Blue ones"}
        self.offer("colour", words, counts={"red": 3, "green": 2}, whatever="Every colour")


def fruit(query: str) -> FruitFilter:
    return FruitFilter(QueryDict(query))


def said(form: ListFilter) -> str:
    """Return every error as text."""
    return " ".join(str(text) for errors in form.errors.values() for text in errors)


@pytest.mark.parametrize(
    "query", ["", "colour=", "colour=red", "q=app", "after=x", "colour=blue&q=a"]
)
def test_what_it_knows_is_valid(query: str) -> None:
    assert fruit(query).is_valid()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("colour=pink", "“pink” is not one of: Red ones, Green ones, Blue ones."),
        ("colour=<b>", "“<b>” is not one of"),
        (f"q={'x' * 81}", "at most 80 characters"),
    ],
)
def test_what_it_does_not_know_is_refused_aloud(query: str, words: str) -> None:
    form = fruit(query)
    assert not form.is_valid()
    assert words in said(form)


@pytest.mark.parametrize("name", ["color", "page"])
def test_a_filter_it_does_not_have_is_refused_aloud(name: str) -> None:
    form = fruit(f"{name}=red")
    assert not form.is_valid()
    assert f"no filter “{name}”. It has: colour, q." in said(form)


@pytest.mark.parametrize("query", ["colour=red&colour=green", "after=1&after=2"])
def test_what_is_given_twice_is_refused_aloud(query: str) -> None:
    form = fruit(query)
    assert not form.is_valid()
    assert "is given more than once" in said(form)


def test_many_values_are_named_up_to_a_number() -> None:
    form = fruit("colour=%25s")
    form.offer("colour", {str(one): f"shade-{one}" for one in range(25)}, whatever="")
    assert "“%s” is not one of: shade-0, " in said(form)
    assert "shade-19, 5 more." in said(form)


def test_where_nothing_can_be_chosen_it_says_so() -> None:
    form = fruit("colour=red")
    form.offer("colour", {}, whatever="")
    assert "“red” is unknown: nothing is listed yet that it could be." in said(form)


def test_choices_carry_their_numbers() -> None:
    choices: Any = fruit("").fields["colour"]
    labels = [label for _value, label in choices.choices]
    assert labels == ["Every colour", "Red ones (3)", "Green ones (2)", "Blue ones (0)"]


def test_chips_drop_one_filter_each_and_keep_the_others() -> None:
    chips = fruit("colour=red&q=a+b&after=x").chips
    assert [(chip.label, chip.url) for chip in chips] == [
        ("Colour: Red ones", "?q=a+b"),
        ("Search: a b", "?colour=red"),
    ]


def test_what_is_given_twice_is_told_with_every_value() -> None:
    form = fruit("colour=red&colour=green&colour=&q=a")
    assert "It is given more than once (Red ones, Green ones). Choose one." in said(form)
    chips = [(chip.label, chip.url) for chip in form.chips]
    assert chips == [("Colour: Red ones, Green ones", "?q=a"), ("Search: a", "?")]


def test_a_refusal_is_said_once_and_describes_its_field() -> None:
    form = fruit("colour=pink&colour=grey")
    lines = [item for item in list_errors(form) if item.target]
    view = build_field_view(form["colour"])
    assert view.errors == []
    assert [item.id for item in lines] == view.described_by.split()
    assert len({item.id for item in lines}) == len(lines) == 2
    summary = error_summary(form)
    markup = render_to_string("components/_error_summary.html", summary)
    assert all(f'<li id="{item.id}">' in markup for item in lines)


def test_shortcuts_lead_to_what_there_is_and_back() -> None:
    links = {
        chip.label: (chip.url, chip.count, chip.active)
        for chip in fruit("q=a&colour=red").shortcuts("colour")
    }
    assert links == {
        "Red ones": ("?q=a", 3, True),
        "Green ones": ("?colour=green&q=a", 2, False),
    }
