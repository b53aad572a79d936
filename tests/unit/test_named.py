"""What texts name exists: the check finds what is not there, and nothing else."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from devtools.check import CHECKS
from devtools.named import check_classes, check_texts

SETTING = "BULKHEAD" + "_TEAPOT"
Find = Callable[[dict[str, str]], list[str]]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Write files to a repository of their own and return every breach there."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def find(files: dict[str, str]) -> list[str]:
        for name, text in {".gitignore": "var/\n", **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return [*map(str, check_texts(tmp_path)), *map(str, check_classes(tmp_path))]

    return find


def test_everything_the_project_names_is_there() -> None:
    assert [str(breach) for breach in (*check_texts(), *check_classes())] == []
    assert any("devtools.named" in check.command for check in CHECKS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See `gone.py`.", "there is no gone.py"),
        ("See `onboarding/old/`.", "there is no onboarding/old/"),
        ("See [this](old.md).", "there is no old.md"),
        (f"Set {SETTING}.", f"nothing reads {SETTING}"),
    ],
)
def test_a_document_that_names_what_is_not_there_is_found(
    find: Find, text: str, words: str
) -> None:
    found = find({"onboarding/here.py": "", "docs/a.md": f"# A\n\n{text}\n"})
    assert found == [f"docs/a.md:3: {words}"]


def test_a_document_may_name_what_is_there_made_or_a_placeholder(find: Find) -> None:
    text = "`here.py`, `onboarding/here.py`, [b](../b.md), `var/x`, `onboarding/NAME.yaml`, `x/y`"
    assert find({"onboarding/here.py": "", "b.md": "", "docs/a.md": text}) == []


def test_a_docstring_is_read_like_a_document_and_code_only_for_settings(find: Find) -> None:
    source = f'x = "gone.py"\n\n\ndef f():\n    """Like\n    gone.py."""\n    return "{SETTING}"\n'
    assert find({"onboarding/here.py": source}) == [
        "onboarding/here.py:6: there is no gone.py",
        f"onboarding/here.py:7: nothing reads {SETTING}",
    ]


def test_a_setting_that_is_read_may_be_named(find: Find) -> None:
    assert find({"portal/s.py": f'X = env.str("{SETTING}")\n', "README.md": SETTING}) == []


def test_a_setting_that_compose_puts_in_may_be_named(find: Find) -> None:
    put_in = f"image: portal:${{{SETTING}:-latest}}\n"
    assert find({"docker-compose.yml": put_in, "README.md": SETTING}) == []
    assert find({"docker-compose.yml": f"a: {SETTING}\n"}) != []


def test_a_public_class_name_is_defined_once(find: Find) -> None:
    module = "class Question: ...\nclass _Own: ...\nclass Command: ...\n"
    assert find({"onboarding/a.py": module, "onboarding/b/c.py": module}) == [
        "onboarding/b/c.py:1: class Question is defined in onboarding/a.py:1, too"
    ]
