"""What the decision page warns of has its reason for being decided there, and none is left over.

Walks the page's template and all that it includes. A new warning, a new part or a new mark in the
colours of a warning fails here until somebody says which member of `Untold` it is, or why a list of
requests need not tell it.
"""

import re
from pathlib import Path

import pytest
from django.conf import settings

from onboarding.queries.own_page import Untold

PAGE = "decisions/decision.html"
ROOT = Path(settings.BASE_DIR) / "templates"
INCLUDED = re.compile(r'{%\s*(?:include|extends)\s+"([^"]+)"')
# An alert that asks for a look, to the first words that are translated in it.
WARNING = re.compile(
    r"bh-alert is-(?:warn|danger|run).*?"
    r'{% (?:translate "([^"]+)"|blocktranslate[^%]*%}\s*([^{<]+))',
    re.DOTALL,
)
MARK = re.compile(r'tone-(?:warn|danger)|badge "(?:warn|danger)"')

WARNINGS: dict[str, Untold | str] = {
    "What is stored here does not check out as approved": Untold.UNTRUE,
    "The name looks much like": Untold.RESEMBLES,
    "The namespace changed after this request was made.": Untold.STALE,
    "Nobody stands behind this request any more": Untold.ABANDONED,
    "A namespace named": Untold.NAME_SEEN,
    "The size is below what is used now": Untold.BELOW_USE,
    "Cluster": Untold.CONDITION,
    "This request cannot be rendered any more": Untold.DIFFERENT_TODAY,
    "Part of": Untold.REFRESH,
    "As far as Bulkhead knows, nothing was made for it yet.": Untold.REMOVAL,
    "Objects that no approved plan contains stand in this namespace and would stay:": (
        Untold.UNAPPROVED
    ),
    "The namespace would be gone: every path to and from it closes.": Untold.REMOVAL,
    "The cluster has not been observed yet; only this request's own policies are shown.": (
        Untold.NEVER_SEEN
    ),
    "Nobody has looked at the cluster lately.": Untold.OLD_LOOK,
    "The last look at the cluster failed.": Untold.LOOK_FAILED,
    "This answer is incomplete.": Untold.INCOMPLETE,
    "Who has to approve was chosen for that: return it if somebody else should see it.": (
        Untold.RISK
    ),
    "This portal made it for this team, and its database does not know it any more.": Untold.FOUND,
    "This is not what you were shown.": "after a form came back; nothing came back here",
    "Nothing of yours was counted. Read it as it is now, then decide.": "after a form came back",
}
# Other marks in the colours of a warning: how many, and what tells the same.
MARKS: dict[str, tuple[int, Untold | str]] = {
    "connectivity/_blast_radius.html": (1, Untold.OTHERS),
    "connectivity/_comparison_table.html": (1, "after a form came back"),
    "connectivity/_findings.html": (2, Untold.FINDINGS),
    "decisions/_approvals.html": (2, "who refused ends it: it waits for nobody"),
    "decisions/_decision_bar.html": (1, "who may not decide it has no row of it"),
    "decisions/_effect.html": (1, Untold.RIGHTS),
    "decisions/_sentence_list.html": (2, Untold.RIGHTS),
    "decisions/_who_can_decide.html": (1, "the one who reads it can"),
}
# What the page shows besides, and what a list says of it.
PARTS: dict[str, Untold | str] = {
    "decisions/_notices.html": "what the person did last",
    "decisions/_facts.html": "the card says it",
    "decisions/_warnings.html": "the warnings above",
    "decisions/_why.html": "the card has it",
    "decisions/_end.html": "the card says it",
    "decisions/_opens.html": Untold.PATHS,
    "decisions/_others.html": Untold.OTHERS,
    "decisions/_findings.html": Untold.FINDINGS,
    "decisions/_found.html": Untold.FOUND,
    "decisions/_removal.html": Untold.REMOVES,
    "requests/_conversation.html": Untold.DISCUSSED,
    "decisions/_side.html": "approvals and answers: the card says them",
    "decisions/_objects.html": "what they mean is said above",
    "decisions/_decision_bar.html": "the form itself",
}
# Reasons that no part of the page has to itself.
BESIDES = {Untold.ADOPTION, Untold.OUTDATED}


def parts_of(name: str) -> dict[str, str]:
    """The template and all it includes, by name."""
    found, waiting = dict[str, str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in found and one != "base.html":
            found[one] = (ROOT / one).read_text()
            waiting += INCLUDED.findall(found[one])
    return found


EVERY = parts_of(PAGE)


def test_every_warning_of_the_page_has_its_reason() -> None:
    said = {
        (one or other).strip() for text in EVERY.values() for one, other in WARNING.findall(text)
    }
    assert said == {*WARNINGS}


def test_no_warning_is_without_words() -> None:
    for name, text in EVERY.items():
        alerts = re.findall(r"bh-alert is-(?:warn|danger|run)", text)
        assert len(alerts) == len(WARNING.findall(text)), name


def test_every_mark_in_the_colours_of_a_warning_is_told() -> None:
    found = {name: len(MARK.findall(text)) for name, text in EVERY.items()}
    found = {name: many for name, many in found.items() if many}
    assert found == {name: many for name, (many, _words) in MARKS.items()}


def test_every_part_of_the_page_is_known() -> None:
    own = INCLUDED.findall(EVERY[PAGE])
    wanted = {name for name in own if name.startswith(("decisions/", "requests/"))}
    assert wanted <= {*PARTS}
    assert {*PARTS} <= {*EVERY}


@pytest.mark.parametrize("reason", Untold)
def test_no_reason_is_left_over(reason: Untold) -> None:
    said = [*WARNINGS.values(), *PARTS.values(), *(words for _many, words in MARKS.values())]
    assert reason in {*BESIDES, *said}
