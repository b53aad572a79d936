"""Words people read: an approval is never called a lane, in templates or in what Python says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html")) + sorted(
    (ROOT / "templates").rglob("*.txt")
)
SOURCES = sorted(
    path
    for room in (
        "forms",
        "pages",
        "templatetags",
        "views",
        "queries",
        "services",
        "models",
        "domain",
    )
    for path in (ROOT / "onboarding" / room).rglob("*.py")
)
LANE = re.compile(r"\blanes?\b", re.IGNORECASE)
# Where a value is put in: its name is no word of ours.
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
GETTEXT = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"})
REFUSALS = frozenset({"Conflict", "Forbidden", "Invalid", "NotFound", "NotNow", "Violation"})


def said_by_template(text: str) -> str:
    """Return what is left of a template when comments, variables and attributes are taken out."""
    text = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", " ", text, flags=re.DOTALL)
    translated = " ".join(re.findall(r"\{% (?:translate|trans) \"([^\"]*)\"", text))
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    return f"{re.sub(r'<[^>]*>', ' ', text)} {translated}"


def said_by_source(path: Path) -> Iterator[str]:
    """Yield every text that is translated, or is the words of a refusal."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in GETTEXT | REFUSALS:
            for argument in node.args:
                yield from texts_in(argument)


def texts_in(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            part.value
            for part in node.values
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates"))
)
def test_no_template_says_lane_to_people(path: Path) -> None:
    assert not LANE.search(said_by_template(path.read_text()))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_python_says_to_people_is_a_lane(path: Path) -> None:
    assert not [text for text in said_by_source(path) if LANE.search(PLACE.sub("", text))]
