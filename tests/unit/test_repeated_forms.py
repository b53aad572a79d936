"""Forms that a page may hold several times: each says what it is about, in a hidden field.

The templates are walked, so that a new one is noticed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import RequestFactory

from onboarding.views.typed import holds_words, sent_to, typed_fields

TEMPLATES = Path(__file__).parents[2] / "templates"
TAG = re.compile(
    r"""{% (?P<loop>for|endfor)\b|{% include "(?P<part>[^"]+)"|(?P<form><form\b.*?</form>)""",
    re.DOTALL,
)
ACTION = re.compile(r'action="(.*?)"')
WORDS = re.compile(r"<textarea|{%\s*field\b|<input(?![^>]*type=)|<input[^>]*type=\"(?:text|email)")
HIDDEN = re.compile(r"""<input type="hidden" name="([^"{]+)\"""")
# Hidden by Django's form where there is one approval to give, or always.
OF_FIELDS = {"form.lane": "lane", "form.digest": "digest"}


@dataclass(frozen=True)
class Found:
    """A form that is posted, where it stands, and whether it is in a loop there."""

    template: str
    markup: str
    is_repeated: bool

    @property
    def about(self) -> set[str]:
        named = {name for words, name in OF_FIELDS.items() if f"{{{{ {words} }}}}" in self.markup}
        return named | set(HIDDEN.findall(self.markup))

    @property
    def action(self) -> str:
        return ACTION.findall(self.markup)[0]


def met_in(template: str, *, is_repeated: bool) -> Iterator[Found | tuple[str, bool]]:
    """Yield each posted form of a template, and (part, is it in a loop) of what it includes."""
    depth = 0
    for tag in TAG.finditer((TEMPLATES / template).read_text()):
        depth += {"for": 1, "endfor": -1}.get(tag["loop"], 0)
        if tag["part"]:
            yield tag["part"], is_repeated or depth > 0
        elif 'method="post"' in (tag["form"] or ""):
            yield Found(template, tag["form"], is_repeated or depth > 0)


def forms_from(template: str, *, is_repeated: bool = False) -> Iterator[Found]:
    """Yield the posted forms of a template and of all it includes."""
    for one in met_in(template, is_repeated=is_repeated):
        if isinstance(one, Found):
            yield one
        elif (TEMPLATES / one[0]).exists():
            yield from forms_from(one[0], is_repeated=one[1])


def pages() -> list[str]:
    """Return every template; a part is read with each that includes it, too."""
    return [path.relative_to(TEMPLATES).as_posix() for path in sorted(TEMPLATES.rglob("*.html"))]


FORMS = [form for page in pages() for form in forms_from(page)]


def test_every_form_that_may_stand_several_times_and_takes_words_says_what_it_is_about() -> None:
    repeated = {form for form in FORMS if form.is_repeated and WORDS.search(form.markup)}
    assert {form.template: form.about for form in repeated} == {
        "namespaces/_suggestions.html": {"suggestion"},
        "namespaces/_deviation.html": {"deviation"},
        "refreshes/_decide.html": {"digest", "lane"},
    }


@pytest.mark.parametrize("page", pages())
def test_no_page_has_two_places_with_words_that_go_to_one_address(page: str) -> None:
    takes_words = {form for form in forms_from(page) if WORDS.search(form.markup)}
    once = {form for form in takes_words if not form.is_repeated}
    assert len({form.action for form in once}) == len(once)


def test_what_says_which_form_it_was_stands_in_its_address_and_is_never_filled_in() -> None:
    names = {name for form in FORMS if form.is_repeated for name in form.about}
    for name in names & {"suggestion", "deviation", "lane", "digest"}:
        posted = RequestFactory().post("/x/", {name: "a&b", "reason": "Too wide."})
        assert typed_fields(posted) == [("reason", "Too wide.")]
        assert sent_to(posted) == f"/x/?{name}=a%26b"


def test_a_button_and_what_its_page_hides_in_it_are_nothing_that_somebody_typed() -> None:
    buttons = [
        form for form in FORMS if form.about and not re.search(r"{%\s*field|<textarea", form.markup)
    ]
    assert {"inbox/inbox.html", "people/_member.html"} <= {form.template for form in buttons}
    for form in buttons:
        posted = RequestFactory().post("/x/", dict.fromkeys(form.about, "x"))
        assert not holds_words(posted), form.template
