"""No code of the portal reads its host's clock: every time comes from `services.clock`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "onboarding"
CLOCKS = {
    "timezone.now",
    "django.utils.timezone.now",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
}
# Words of a page whose view froze no time; nothing of it is stored or compared with what is.
ALLOWED = {
    "templatetags/bulkhead.py": {"timezone.now"},
    "services/host_clock.py": {"timezone.now"},  # which asks how far it is off
}


def clocks_read(source: str) -> Iterator[str]:
    """Yield every clock of the host that Python source reads or imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            yield from (
                clock for clock in CLOCKS if dotted == clock or dotted.endswith("." + clock)
            )
        elif isinstance(node, ast.ImportFrom):
            yield from (
                f"{node.module}.{alias.name}"
                for alias in node.names
                if (node.module, alias.name) in {("django.utils.timezone", "now"), ("time", "time")}
            )


def test_the_portal_reads_no_clock_of_its_host() -> None:
    found = {
        (name, clock)
        for path in ROOT.rglob("*.py")
        if "migrations" not in path.parts
        for name in [path.relative_to(ROOT).as_posix()]
        for clock in clocks_read(path.read_text())
        if clock not in ALLOWED.get(name, set())
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "from django.utils import timezone\nx = timezone.now()",
        "from django.utils.timezone import now\nx = now()",
        "import datetime\nx = datetime.datetime.now(datetime.UTC)",
        "from time import time\nx = time()",
    ],
)
def test_a_clock_of_the_host_is_found(source: str) -> None:
    assert [*clocks_read(source)]
