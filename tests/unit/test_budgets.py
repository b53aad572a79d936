"""The size budgets count what they say they count."""

from pathlib import Path

import pytest

from devtools.budgets import BODY_LINES, FILE_LINES, Breach, budgeted_files, check_file

HEAD = 'def long(one):\n    """Says what it does.\n\n    At length.\n    """\n'


def breaches_in(folder: Path, text: str, name: str = "some.py") -> list[Breach]:
    (folder / name).write_text(text)
    return check_file(Path(name), folder)


def test_no_file_of_the_project_is_over_budget() -> None:
    breaches = [str(breach) for path in budgeted_files() for breach in check_file(path)]
    assert breaches == []


@pytest.mark.parametrize("name", ["some.py", "some.css"])
def test_a_file_may_have_the_stop_but_not_one_line_more(tmp_path: Path, name: str) -> None:
    text = "a = 1\n\n" * FILE_LINES
    assert breaches_in(tmp_path, text, name) == []
    assert [breach.line for breach in breaches_in(tmp_path, text + "b = 2\n", name)] == [1]


def test_a_body_is_counted_without_docstring_and_blank_lines(tmp_path: Path) -> None:
    text = HEAD + "    one += 1\n\n" * BODY_LINES
    assert breaches_in(tmp_path, text) == []
    found = breaches_in(tmp_path, "\n" + text + "    return one\n")
    assert [str(breach).split(" has ")[0] for breach in found] == ["some.py:2: the body of long"]


def test_only_arguments_given_by_position_count_and_never_self(tmp_path: Path) -> None:
    fine = "class A:\n    def b(self, c, d, e, f, g, *, h, i): ...\n"
    assert breaches_in(tmp_path, fine) == []
    found = breaches_in(tmp_path, "async def b(c, d, e, /, f, g, h): ...\n")
    assert [breach.words[:32] for breach in found] == ["b takes 6 positional arguments; "]
