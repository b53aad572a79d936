"""What an object is for, in words for people: no page says the words of old plans."""

import re
from pathlib import Path

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.domain.spec import Opening, Scope
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.templatetags.object_words import WORDS, why_words
from tests.support.requests import plan_of, spec_of

TEMPLATES = Path(__file__).parents[2] / "templates"
FOR_AUTHORS = re.compile(r"\b[Mm]embers\b|Labels it so")


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("way_out", [(), (INTERNET,), (ANYTHING,)])
def test_no_object_is_told_in_words_for_authors_of_templates(
    scope: Scope, way_out: tuple[Opening, ...]
) -> None:
    spec = spec_of(scope=scope, openings=(WEB, *way_out))
    said = [why_words(one) for one in plan_of(spec).objects]
    assert not [words for words in said if FOR_AUTHORS.search(words) or "%(" in words]


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope.PROJECT, "Pods with the project label may connect to each other"),
        (Scope.NAMESPACE, "All pods of the namespace may connect to each other"),
    ],
)
def test_it_says_which_pods_are_meant(scope: Scope, words: str) -> None:
    assert words in [why_words(one) for one in plan_of(spec_of(scope=scope)).objects]


def test_what_a_plan_stores_stays_as_it_was() -> None:
    [home, *_others] = plan_of(spec_of()).objects
    assert home.why == "Labels it so that policies, quotas and people can name it"
    assert why_words(home) == "The namespace itself, with its labels"


def test_a_template_of_another_release_keeps_its_own_words() -> None:
    [dns] = [one for one in plan_of(spec_of()).objects if one.template == "allow-dns@1"]
    assert why_words(dns) == dns.why


def test_words_stand_for_templates_that_there_are() -> None:
    assert set(WORDS) <= set(load_catalogue().templates)


def test_no_page_prints_the_stored_words() -> None:
    written = {path.name: path.read_text() for path in TEMPLATES.rglob("*.html")}
    assert not [name for name, text in written.items() if "planned.why" in text]
