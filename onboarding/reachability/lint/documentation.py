"""The codes as a page: `docs/lint.md` is what this makes of them, and a test keeps it so."""

from collections.abc import Iterable, Iterator

from onboarding.reachability.lint.finding import Code
from onboarding.reachability.lint.stage import STAGE

_INTRODUCTION = """\
# Lint: valid policies that do not do what was meant

A finding has a code, a severity, a sentence that says what happens and what to do, the policy, the
rule and the field. Codes keep their meaning. **error**: opens more than anybody is likely to mean.
**warning**: opens more than it seems, or does not work. **info**: good to know. The worst finding
of a request decides its risk: high, medium or low.

This page is made from the codes themselves by `python -m onboarding.reachability.lint`. Each bad
example is tested to have exactly its finding, each mended one to have none.
"""


def render(codes: Iterable[Code]) -> str:
    """Return the page, ending in a newline."""
    several = tuple(codes)
    return "\n".join(
        [
            _INTRODUCTION,
            *_table(several),
            *(line for code in several for line in _section(code)),
            "## The cluster the examples play in\n",
            "Save it beside an example and ask `python -m onboarding.reachability FOLDER`.\n",
            _yaml(STAGE),
        ]
    )


def _table(codes: tuple[Code, ...]) -> Iterator[str]:
    yield "| code | name | severity | about |"
    yield "|---|---|---|---|"
    for code in codes:
        yield f"| {code.id} | [{code.name}](#{_anchor(code)}) | {code.severity} | {code.title} |"
    yield ""


def _section(code: Code) -> Iterator[str]:
    milder = f" ({code.milder})" if code.milder else ""
    yield f"## {code.id} {code.name}\n"
    yield f"**{code.title}.** Severity: {code.severity}{milder}.\n"
    yield f"{code.why}\n"
    yield f"Bad:\n\n{_yaml(code.bad)}"
    yield f"Mended:\n\n{_yaml(code.mended)}"


def _anchor(code: Code) -> str:
    return f"{code.id} {code.name}".lower().replace(" ", "-")


def _yaml(documents: str) -> str:
    return f"```yaml\n{documents}```\n"
