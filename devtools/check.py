"""`./dev check`: everything that can be judged without running the product.

The checks are data. They run side by side, longest first; each prints one line, and what a
failing one said follows at the end.
"""

import os
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from devtools.places import PROGRAMS, PYTHON, ROOT

AT_ONCE = 2
CHECK_SECONDS = 300

# As in production, with values of the right shape that open nothing.
PRODUCTION = {
    "BULKHEAD_SECRET_KEY": "a-long-value-of-mixed-characters-0123456789-only-for-this-check",
    "BULKHEAD_SECOND_FACTOR_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "BULKHEAD_HTTPS": "1",
    "BULKHEAD_ALLOWED_HOSTS": "bulkhead.example.org",
    "BULKHEAD_TRUSTED_ORIGINS": "https://bulkhead.example.org",
    "BULKHEAD_DATABASE_URL": "postgres://bulkhead@localhost/bulkhead",
    "BULKHEAD_REDIS_URL": "redis://localhost/0",
    "BULKHEAD_EMAIL_URL": "smtp+tls://mail.example.org:587",
}
DEMO = {"BULKHEAD_DEMO": "1", "BULKHEAD_DATABASE_URL": "sqlite://:memory:"}


@dataclass(frozen=True)
class Check:
    """A command that answers 0 when all is well. The first word is a program of `.venv`."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    check: Check
    passed: bool
    seconds: float
    words: str

    @property
    def line(self) -> str:
        return f"{'ok    ' if self.passed else 'FAILED'} {self.seconds:5.1f} s  {self.check.name}"


RULES_IN_TESTS = ("tests/unit/test_locks.py", "tests/unit/test_vendored.py")
MANAGE = ("python", "manage.py")
COMPOSE_SCHEMA = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
CHECKS = (
    Check("types (mypy --strict)", ("mypy",), DEMO),
    Check("templates (djlint)", ("djlint", "templates", "--lint", "--quiet")),
    Check("layers (import-linter)", ("lint-imports", "--no-logo"), DEMO),
    Check("lock files and vendored files", ("pytest", "-q", *RULES_IN_TESTS), DEMO),
    Check(
        "production settings (check --deploy)",
        (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
        PRODUCTION,
    ),
    Check("migrations are complete", (*MANAGE, "makemigrations", "--check", "--dry-run"), DEMO),
    Check("migrations are as they were noted", ("python", "-m", "devtools.migrations")),
    Check("compose file (schema)", (*COMPOSE_SCHEMA, "docker-compose.yml")),
    Check("style (ruff check)", ("ruff", "check", ".")),
    Check("format (ruff format)", ("ruff", "format", "--check", ".")),
    Check("Dockerfile (hadolint)", ("hadolint", "deploy/Dockerfile")),
    Check("what texts name exists", ("python", "-m", "devtools.named")),
    Check("size budgets", ("python", "-m", "devtools.budgets")),
)


def check() -> int:
    """Run all checks. Returns 0 if every one passed."""
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = []
        for done in as_completed([pool.submit(run, one) for one in CHECKS]):
            verdicts.append(done.result())
            print(verdicts[-1].line, flush=True)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        print(f"\n--- {verdict.check.name}\n{verdict.words.rstrip()}")
    seconds = time.monotonic() - began
    print(f"\n{len(verdicts) - len(failed)} checks passed, {len(failed)} failed in {seconds:.0f} s")
    return 1 if failed else 0


def run(check: Check) -> Verdict:
    """Run one check in a clean environment: no setting of the caller's may decide it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BULKHEAD_")}
    program, *arguments = check.command
    path = str(PYTHON if program == "python" else PROGRAMS / program)
    began = time.monotonic()
    answer = subprocess.run(
        [path, *arguments],
        cwd=ROOT,
        env={**inherited, **check.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=CHECK_SECONDS,
    )
    return Verdict(check, answer.returncode == 0, time.monotonic() - began, answer.stdout)
