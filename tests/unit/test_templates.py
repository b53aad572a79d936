"""Rules that hold in every template: the content security policy, the sprite, working alone."""

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SYMBOLS = set(re.findall(r'<symbol id="([a-z-]+)"', (ROOT / "static/icons.svg").read_text("utf-8")))
FORBIDDEN = {
    "inline style": re.compile(r"<style|\sstyle="),
    "event handler": re.compile(r"<[^>]*\son[a-z]+=", re.IGNORECASE),
    "hx-on": re.compile(r"\shx-on"),
    "javascript: value": re.compile(r"\bjs:|javascript:"),
    "another host": re.compile(r"""(?:src|href)=["'](?:https?:)?//"""),
}


def inline_scripts(text: str) -> list[str]:
    """Return script elements that hold code of their own; data blocks do not run."""
    opened = re.findall(r"<script\b[^>]*>", text)
    return [tag for tag in opened if " src=" not in tag and "application/json" not in tag]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_needs_no_exception_in_the_content_security_policy(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []
    assert inline_scripts(text) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_icon_a_template_names_is_in_the_sprite(path: Path) -> None:
    text = path.read_text("utf-8")
    named = re.findall(r"""\{% icon ["']([a-z-]+)["']""", text)
    named += re.findall(r"""icon_name=["']([a-z-]+)["']""", text)
    named += re.findall(r"""icons\.svg#([a-z-]+)""", text)
    assert set(named) - SYMBOLS == set()


def test_every_icon_the_code_names_is_in_the_sprite() -> None:
    source = (ROOT / "onboarding/templatetags/states.py").read_text("utf-8")
    named = set(re.findall(r'Face\("\w+", "([a-z-]+)"', source))
    assert named
    assert named - SYMBOLS == set()


def test_the_page_of_last_resort_needs_no_context_and_no_tags() -> None:
    text = (ROOT / "templates/500.html").read_text("utf-8")
    assert "{% load" not in text
    assert "{% url" not in text
    assert "<h1>" in render_to_string("500.html")


def test_the_page_of_last_resort_names_the_files_that_exist() -> None:
    text = (ROOT / "templates/500.html").read_text("utf-8")
    named = re.findall(r'"/static/([^"#]+)', text)
    assert [name for name in named if not (ROOT / "static" / name).is_file()] == []


def test_a_request_id_on_the_page_of_last_resort_is_escaped() -> None:
    assert "<script>x" not in render_to_string("500.html", {"request_id": "<script>x"})


@pytest.mark.parametrize("path", sorted((ROOT / "static/css").glob("*.css")), ids=lambda p: p.name)
def test_a_style_sheet_stays_short_and_refers_to_no_file(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) < 400
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_form_that_is_posted_says_where_it_goes(path: Path) -> None:
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "x", path.read_text("utf-8"), flags=re.DOTALL)
    posted = [tag for tag in re.findall(r"<form\b[^>]*>", text) if "post" in tag]
    # What is done after "Confirm it is you" comes from another address than its form.
    assert [tag for tag in posted if "action=" not in tag] == []


def test_no_style_of_a_folded_row_stands_in_two_sheets() -> None:
    sheets = sorted((ROOT / "static/css").glob("*.css"))
    assert [sheet.name for sheet in sheets if "\n.bh-more" in sheet.read_text("utf-8")] == [
        "facts.css"
    ]


def test_long_names_break_where_tables_are_folded() -> None:
    narrow = (ROOT / "static/css/narrow.css").read_text("utf-8")
    rule = narrow[narrow.index(".bh-table.bh-fold tbody th .mono") :].partition("}")[0]
    assert "white-space: normal" in rule
    assert "overflow-wrap: anywhere" in rule


def test_what_a_phone_shows_fits() -> None:
    narrow = (ROOT / "static/css/narrow.css").read_text("utf-8")
    assert "max-width: 100%;\n    white-space: normal" in narrow[narrow.index("\n  .btn {") :][:80]
    assert ".bh-user .help {\n    display: inline-flex" in narrow
