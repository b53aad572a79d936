"""Every form says where it goes: a page is also shown where another one was asked for.

And what of it comes back after signing in: no box that confirms, no choice that gives a right.
"""

import re
from pathlib import Path

from django.test import RequestFactory

from onboarding.views.typed import typed_fields

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
BOX = re.compile(r"^    (\w+) = forms\.BooleanField\(", re.MULTILINE)
FORM = re.compile(r"<form\b(?:{%.*?%}|{{.*?}}|[^>])*>", re.DOTALL)
GOES_SOMEWHERE = re.compile(r"""\saction="[^"]""")


def test_every_form_that_is_posted_says_where_it_goes() -> None:
    forms = [
        (page.name, form)
        for page in TEMPLATES.rglob("*.html")
        for form in FORM.findall(page.read_text())
        if 'method="post"' in form
    ]
    assert len(forms) > 40
    assert [name for name, form in forms if not GOES_SOMEWHERE.search(form)] == []


def test_an_empty_address_is_none() -> None:
    """A browser takes it for the page's own, which may be that of another form."""
    assert not GOES_SOMEWHERE.search('<form method="post" action="" novalidate>')
    assert GOES_SOMEWHERE.search("""<form method="post" action="{% url 'queue' %}">""")


def test_no_box_that_confirms_is_kept() -> None:
    sources = (ROOT / "onboarding" / "forms").glob("*.py")
    boxes = {name for source in sources for name in BOX.findall(source.read_text())}
    assert {"anyway", "revoke_keys"} <= boxes
    posted = RequestFactory().post("/people/new/", dict.fromkeys([*boxes, "name"], "on"))
    assert typed_fields(posted) == [("name", "on")]


def test_choices_come_back_only_in_the_form_that_asks_for_a_namespace() -> None:
    """Others decide something, who gets which role for example, and are chosen anew."""
    keeping = [
        page.name for page in TEMPLATES.rglob("*.html") if "data-keeps-choices" in page.read_text()
    ]
    assert keeping == ["_form_page.html"]
