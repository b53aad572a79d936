"""One sentence on what a request opens, off its answers and those in force."""

from dataclasses import replace

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.domain.spec import NamespaceSpec, Opening, Scope, dump_spec
from onboarding.models import Request
from onboarding.pages.what_opens import what_opens
from tests.support.requests import spec_of

CLOSED = spec_of(openings=())
TWO = spec_of(openings=(WEB, replace(exposed("ingress-nginx", "web", (9443,)), key="web-2")))
LOST = Opening("vpn", "partner-vpn", 1)


def said(
    wanted: NamespaceSpec, before: NamespaceSpec | None = None, *, kind: str = "change", **row: bool
) -> str:
    kind = kind if before else "onboard"
    return what_opens(Request(kind=kind, spec=dump_spec(wanted), **row), before)


def test_a_new_namespace_says_all_it_opens() -> None:
    assert said(spec_of(openings=(WEB, INTERNET), scope=Scope.NAMESPACE)) == (
        "Opens TCP 8080 from ingress-nginx to app=web; HTTPS to the internet; "
        "every pod inside to every other."
    )


def test_a_closed_one_opens_nothing() -> None:
    assert said(CLOSED) == "Nothing beyond what every namespace has."


@pytest.mark.parametrize(
    ("wanted", "before", "words"),
    [
        (CLOSED.changed(openings=(INTERNET,)), CLOSED, "Opens HTTPS to the internet."),
        (CLOSED, CLOSED.changed(openings=(INTERNET,)), "Closes HTTPS to the internet."),
        (
            CLOSED.changed(openings=(INTERNET,)),
            CLOSED.changed(openings=(ANYTHING,)),
            "Closes any address, any port.",
        ),
        (
            spec_of(openings=(exposed("ingress-nginx", "web", (8080, 8443)),)),
            spec_of(openings=(WEB,)),
            "Opens TCP 8443 from ingress-nginx to app=web.",
        ),
        (
            spec_of(openings=(exposed("ingress-nginx", "api", (8080,)),)),
            spec_of(openings=(WEB,)),
            (
                "Opens TCP 8080 from ingress-nginx to app=api. "
                "Closes TCP 8080 from ingress-nginx to app=web."
            ),
        ),
        (
            CLOSED.changed(openings=(INTERNET,), size="medium"),
            CLOSED,
            "Opens HTTPS to the internet. Changes the size.",
        ),
        (CLOSED.changed(size="medium"), CLOSED, "No path. Changes the size."),
        (TWO.changed(size="medium"), TWO, "No path. Changes the size."),
        (TWO, CLOSED.changed(openings=(WEB,)), "Opens TCP 9443 from ingress-nginx to app=web."),
        (CLOSED.changed(openings=(WEB,)), TWO, "Closes TCP 9443 from ingress-nginx to app=web."),
        (
            CLOSED.changed(openings=(replace(WEB, key="shop"),)),
            CLOSED.changed(openings=(WEB,)),
            "No path. Renames an opening.",
        ),
        (
            CLOSED.changed(openings=(replace(WEB, version=2),)),
            CLOSED.changed(openings=(WEB,)),
            "No path. Renders it anew.",
        ),
        (CLOSED, CLOSED, "No path. Renders it anew."),
    ],
)
def test_a_change_says_only_what_moves(
    wanted: NamespaceSpec, before: NamespaceSpec, words: str
) -> None:
    assert said(wanted, before, moves_reach=False) == words


def test_what_moves_by_todays_settings_is_not_denied() -> None:
    assert said(CLOSED, CLOSED, moves_reach=True).startswith("Paths may move")


def test_what_ends_and_what_comes_back_have_their_own_words() -> None:
    assert said(CLOSED, CLOSED, kind="retire").startswith("Nothing. The namespace")
    assert "backup" in said(CLOSED, CLOSED, kind="adopt")


def test_objects_of_others_that_go_are_counted() -> None:
    row = Request(kind="change", spec=dump_spec(CLOSED), moves_reach=False)
    assert what_opens(row, CLOSED, 2) == "Removes 2 objects of others."


def test_an_egress_the_catalogue_lost_counts_as_opening() -> None:
    assert said(CLOSED.changed(openings=(LOST,)), CLOSED) == "Opens partner-vpn@1 vpn."


SHELL = "open a shell in pods"


@pytest.mark.parametrize(
    ("wanted", "before", "words"),
    [
        (spec_of(), None, "Opens TCP 8080 from ingress-nginx to app=web."),
        (CLOSED, None, "No path beyond what every namespace has."),
        (CLOSED.changed(size="medium"), CLOSED, "No path. Changes the size."),
    ],
)
def test_what_the_team_may_do_is_told_beside_paths(
    wanted: NamespaceSpec, before: NamespaceSpec | None, words: str
) -> None:
    row = Request(kind="onboard", spec=dump_spec(wanted), moves_reach=False)
    assert what_opens(row, before, rights=[SHELL]) == f"{words} The team may {SHELL}."
