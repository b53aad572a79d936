"""The runbooks have a row for everything that can be wrong, and name nothing that is not there.

Settings, files and folders that texts name are devtools/named.py's; alerts are test_alerts.py's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from onboarding.domain.lifecycle import BlockedReason, ClusterCondition, RetryReason
from onboarding.domain.wrong import ONLY_WARNED_OF
from onboarding.queries.database_trouble import Trouble
from onboarding.templatetags.cluster_words import condition_title
from onboarding.templatetags.states import NEWER_KNOWLEDGE
from onboarding.views.unavailable import OUTLOOKS

ROOT = Path(__file__).parents[2]
RUNBOOKS = (ROOT / "docs/operations.md").read_text()
BOOKS = ("docs/operations.md", "docs/administration.md")
TEXTS = ("README.md", "CONTRIBUTING.md", *(f"docs/{one.name}" for one in ROOT.glob("docs/*.md")))
CONDITIONS = [one for one in ClusterCondition if one is not ClusterCondition.OK]
WITHOUT_CONDITION = ("look-failed", "not-looked-at")
SERVICES = frozenset(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])

_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)
_PAGE = re.compile(r"`(/[a-z][^`\s]*)`")
_MANAGE = re.compile(r"manage\.py (\w+)([^`\n|;&<>]*)")
_COMPOSE = re.compile(
    r"docker compose (?:--profile \w+ )?(exec|run|logs|restart|start|stop|up|ps)\b([^`\n|;&<>#]*)"
)
_WITH_VALUE = re.compile(r"--(?:since|scale) (\S+)")
_LINK = re.compile(r"\]\(([\w./-]*)#([\w-]+)\)")
_CHAPTER = re.compile(r"(?<!\*)\*((?:When|After)\s[^*]+)\*(?!\*)")


def rows(chapter: str) -> list[list[str]]:
    """The rows of every table under a heading, as cells."""
    text = re.split(rf"^##+ {re.escape(chapter)}$", RUNBOOKS, flags=re.MULTILINE)[1]
    lines = re.split(r"^## ", text, flags=re.MULTILINE)[0].splitlines()
    tables = [line for line in lines if line.lstrip().startswith("|")]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in tables]


def row_of(chapter: str, name: str) -> list[str]:
    """The first row that is about something, by its first cell."""
    found = [row for row in rows(chapter) if f"`{name}`" in row[0]]
    assert found, f"{chapter}: {name} has no row"
    return found[0]


def slug_of(heading: str) -> str:
    """What a heading is called in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def services_in(verb: str, rest: str) -> Iterator[str]:
    """Every service that a command of compose names; words in capitals are the reader's."""
    for value in _WITH_VALUE.findall(rest):
        if "=" in value:
            yield value.partition("=")[0]
    named = [one for one in _WITH_VALUE.sub("", rest).split() if not one.startswith("-")]
    named = named[:1] if verb in {"exec", "run"} else named
    yield from (one for one in named if one.islower())


@pytest.mark.parametrize("reason", BlockedReason)
def test_every_reason_to_be_blocked_has_its_row(reason: BlockedReason) -> None:
    assert all(row_of("When something is BLOCKED", reason))


@pytest.mark.parametrize("reason", RetryReason)
def test_every_reason_to_try_again_has_its_row(reason: RetryReason) -> None:
    assert all(row_of("When something is tried again and again", reason))


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_has_its_row_with_the_words_of_the_page(
    condition: ClusterCondition,
) -> None:
    assert row_of("When a cluster has a condition", condition)[1] == condition_title(condition)


@pytest.mark.parametrize("state", WITHOUT_CONDITION)
def test_a_cluster_that_is_not_known_to_be_well_has_its_row(state: str) -> None:
    shown = row_of("When a cluster has a condition", state)[1]
    assert shown == NEWER_KNOWLEDGE[state].words


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_of_the_database_has_its_row_in_the_words_of_readyz(
    trouble: Trouble,
) -> None:
    said = [row[0] for row in rows("When the database cannot be used")]
    assert str(OUTLOOKS[trouble].why) in said


@pytest.mark.parametrize("row", rows("When something is red")[2:], ids=lambda row: str(row[0]))
def test_everything_red_leads_to_a_page_and_to_what_is_run(row: list[str]) -> None:
    _name, means, page, command, more = row
    assert all([means, _PAGE.fullmatch(page), command, more])


def test_what_is_only_warned_of_is_called_amber() -> None:
    amber = re.search(r"Amber:(.*?)\. All others are red", RUNBOOKS, re.DOTALL)
    assert amber
    assert set(re.findall(r"`([\w-]+)`", amber[1])) == {one.value for one in ONLY_WARNED_OF}


@pytest.mark.parametrize("chapter", _HEADING.findall(RUNBOOKS)[3:])
def test_every_runbook_says_what_is_seen_what_to_do_and_when_it_is_over(chapter: str) -> None:
    text = RUNBOOKS.split(f"## {chapter}\n")[1].split("\n## ")[0]
    assert [word for word in ("See", "Look", "Do", "Over when") if f"**{word}" not in text] == []


@pytest.mark.parametrize("book", BOOKS)
def test_every_page_that_is_named_exists(book: str) -> None:
    for path in _PAGE.findall((ROOT / book).read_text()):
        found = resolve(path.partition("?")[0])
        assert found.url_name, f"{path} is nothing but the catch-all of the admin site"


@pytest.mark.parametrize("book", TEXTS)
def test_every_command_that_is_named_exists_with_its_options(book: str) -> None:
    for name, rest in _MANAGE.findall((ROOT / book).read_text()):
        assert name in get_commands()
        known = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        for option in re.findall(r"(?<=\s)--[\w-]+", rest):
            assert f"{option} " in re.sub(r"[\],\n]", " ", known.format_help()), (name, option)


@pytest.mark.parametrize("book", TEXTS)
def test_every_service_that_is_named_is_one_of_compose(book: str) -> None:
    commands = _COMPOSE.findall((ROOT / book).read_text())
    named = {service for verb, rest in commands for service in services_in(verb, rest)}
    assert named <= SERVICES


@pytest.mark.parametrize("book", TEXTS)
def test_every_heading_that_is_linked_exists(book: str) -> None:
    for path, anchor in _LINK.findall((ROOT / book).read_text()):
        target = (ROOT / book).parent / path if path else ROOT / book
        assert anchor in map(slug_of, _HEADING.findall(target.read_text()))


def test_every_runbook_that_is_named_exists() -> None:
    texts = [(ROOT / one).read_text() for one in (*BOOKS, "CONTRIBUTING.md")]
    named = {" ".join(name.split()) for text in texts for name in _CHAPTER.findall(text)}
    assert named <= {*_HEADING.findall("\n".join(texts))}
