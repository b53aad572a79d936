"""What `./dev compose-test` reads and fills in, without the engine it needs for all else."""

from pathlib import Path

import pytest

from devtools.compose import steps
from devtools.compose.browser import NoSuchForm, Page
from devtools.compose.confined import secrets_in
from devtools.compose.project import StepFailed, commands_of

ROOT = Path(__file__).parents[2]
FORM = """
<form action="/search/"><input name="q"></form>
<form action="/new/" method="post">
  <input type="hidden" name="token" value="a&amp;b"><input type="file" name="upload">
  <input type="radio" name="size" value="s"><input type="radio" name="size" value="m" checked>
  <input type="checkbox" name="public"><button name="go" value="1">Go</button>
  <select name="team"><option value="a">A<option value="b" selected>B</select>
  <select name="lane"><option value="x">X<option value="y">Y</select>
  <textarea name="why">
One &lt; two</textarea>
</form>"""


@pytest.mark.parametrize(
    "section",
    [steps.SET_UP, steps.TRIAL, steps.CLUSTER, steps.UPGRADE, steps.BACK_UP, steps.RESTORE],
)
def test_the_documentation_holds_the_commands_that_are_rehearsed(section: str) -> None:
    blocks = commands_of((ROOT / "docs/administration.md").read_text(), section)
    assert "docker compose" in blocks[0] or "deploy/upgrade.sh" in blocks[0]


def test_the_proxys_buffers_have_the_name_that_is_rehearsed() -> None:
    assert steps.BUFFERS in (ROOT / steps.CADDYFILE).read_text()


def test_a_heading_without_commands_is_noticed() -> None:
    with pytest.raises(StepFailed, match="holds no commands under 'One'"):
        commands_of("## One\ntext\n## Two\n```sh\n# a comment\ntrue\n```\n", "One")


def test_a_form_is_sent_as_a_browser_would() -> None:
    form = Page("http://localhost/", 200, FORM).form("token")
    assert form.action == "/new/"
    assert form.fields == {
        "token": "a&b", "size": "m", "team": "b", "lane": "x", "why": "One < two",
    }  # fmt: skip


def test_a_page_without_the_form_is_shown_by_its_words() -> None:
    with pytest.raises(NoSuchForm, match="has no password: Sorry"):
        Page("http://localhost/", 404, "<head>x</head><h1>Sorry</h1>").form("password")


def test_passwords_in_addresses_are_secrets_too(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(
        "URL=postgres://me:a-long-password-of-somebody@there/x\nORIGIN=https://portal.example.org\n"
    )
    assert "a-long-password-of-somebody" in secrets_in(tmp_path)
    assert "https://portal.example.org" not in secrets_in(tmp_path)
