"""The ports box, and what the choices on the request form cost."""

import pytest
from django.core.exceptions import ValidationError

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.domain.catalogue import SHOWN_BOUNDS
from onboarding.domain.lanes import Lane
from onboarding.domain.spec import Opening
from onboarding.forms.decision import DecisionForm
from onboarding.forms.offers import (
    approval_words,
    choice_notes,
    lifetime_choices,
    longest_lifetime,
    quantity_words,
    size_notes,
)
from onboarding.forms.ports import PortsField
from onboarding.forms.retire import RetireForm
from onboarding.plan.catalogue_files import load_catalogue


def complaints(text: str) -> list[str]:
    with pytest.raises(ValidationError) as wrong:
        PortsField(required=False).clean(text)
    return list(wrong.value.messages)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("8080", (8080,)),
        ("8080, 8443", (8080, 8443)),
        (" 1 ,65535 ", (1, 65535)),
        ("8443 8080", (8443, 8080)),
        ("8080,", (8080,)),
        ("", ()),
    ],
)
def test_ports_are_read_as_people_write_them(text: str, ports: tuple[int, ...]) -> None:
    assert PortsField(required=False).clean(text) == ports


@pytest.mark.parametrize("port", ["0", "65536", "99999999"])
def test_a_number_outside_the_range_is_named(port: str) -> None:
    assert complaints(port) == [f"{port} is not a port. Ports run from 1 to 65535."]


@pytest.mark.parametrize(
    "piece", ["http", "80.5", "-1", "0x50", "8080-8090", "٨٠", "²", "8" * 40, "<b>", "{{7*7}}"]
)
def test_what_is_no_number_is_quoted_and_explained(piece: str) -> None:
    assert "is not a number" in complaints(piece)[0]


def test_every_wrong_piece_is_named_at_once() -> None:
    assert len(complaints("0, http, 8080, 65536")) == 3


def test_a_port_may_be_there_once_only() -> None:
    assert complaints("8080, 8443, 08080") == ["8080 is there twice."]


def test_more_than_eight_ports_are_too_many() -> None:
    assert PortsField().clean("1 2 3 4 5 6 7 8") == (1, 2, 3, 4, 5, 6, 7, 8)
    assert complaints("1 2 3 4 5 6 7 8 9") == ["At most 8 ports; these are 9."]


def test_numbers_are_shown_as_text_again() -> None:
    assert PortsField().prepare_value((8080, 8443)) == "8080, 8443"
    assert PortsField().prepare_value("8080, x") == "8080, x"


def test_a_choice_says_which_approvals_it_adds_and_nothing_where_it_adds_none() -> None:
    assert approval_words(()) == ""
    assert approval_words([Lane.SECURITY]) == "Security approval needed"
    both = approval_words([Lane.SECURITY, Lane.NETWORK])
    assert both == "Network and security approval needed"


@pytest.mark.parametrize(
    ("openings", "days"),
    [((ANYTHING,), 30), ((WEB, ANYTHING), 30), ((WEB, INTERNET), None), ((), None)],
)
def test_what_must_end_has_a_longest_lifetime_on_offer(
    openings: tuple[Opening, ...], days: int | None
) -> None:
    assert longest_lifetime(openings, load_catalogue()) == days


def test_egress_costs_what_its_template_costs() -> None:
    catalogue = load_catalogue()
    notes = choice_notes(catalogue.egress, catalogue)
    assert notes["none"][0] == ""
    assert notes["open"][0] == "Network and security approval needed"


def test_a_size_shows_its_exact_numbers() -> None:
    catalogue = load_catalogue()
    words, quota = size_notes(catalogue)["small"][1], catalogue.sizes["small"].quota
    assert all(quantity_words(quota[bound]) in words for bound in SHOWN_BOUNDS)


def test_a_lifetime_without_end_is_a_choice_of_its_own() -> None:
    assert ("none", "No end") in lifetime_choices(load_catalogue())


@pytest.mark.parametrize("typed", ["", "payments", "payments-prod ", "Payments-prod"])
def test_retiring_needs_the_very_name(typed: str) -> None:
    form = RetireForm({"typed_name": typed, "form_key": "a" * 32}, name="payments-prod")
    assert not form.is_valid()
    assert "typed_name" in form.errors


def test_retiring_accepts_the_name_as_it_is() -> None:
    answers = {"typed_name": "payments-prod", "why": "Replaced.", "form_key": "a" * 32}
    assert RetireForm(answers, name="payments-prod").is_valid()


def test_where_nothing_can_be_returned_the_reason_speaks_of_rejecting_alone() -> None:
    assert DecisionForm(may_return=False)["reason"].label == "Reason (needed to reject)"
