"""An answer over the estate → what the Reachability page shows, and what its exports hold.

Between queries/estate_answers.py and templates/reachability.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onboarding.forms.estate_question import EVERY
from onboarding.queries.estate_answers import (
    WEB_ENTRY,
    Doubt,
    EstateAnswer,
    EstateQuestion,
    EstateRow,
    LookedAt,
)
from onboarding.queries.keyset import Count, Page, page_of_known
from onboarding.queries.party_words import is_vast
from onboarding.queries.port_words import ports_text
from onboarding.reachability.members import Member
from onboarding.reachability.model import Direction
from onboarding.reachability.named_ends import INTERNET
from onboarding.reachability.neighbourhood import OpenPorts
from onboarding.reachability.survey import NamespaceReach, Reach
from onboarding.templatetags.connectivity import capitalised
from onboarding.templatetags.wording import ended_ago

PODS_SHOWN = 3
OTHERS_NAMED = 12
_WHY = {
    Doubt.NEVER_LOOKED: gettext_lazy("The cluster has not been observed yet."),
    Doubt.NOT_THERE: gettext_lazy("It was not on the cluster at the last look."),
    Doubt.APPROVED_SINCE: gettext_lazy("Something was approved for it after the last look."),
    Doubt.OLD_LOOK: gettext_lazy("By an old look: newer ones at the cluster failed."),
    Doubt.NOT_LOOKED_AT: gettext_lazy("As last seen: nobody has looked at the cluster lately."),
    Doubt.LEFT_OUT: gettext_lazy("Not worked out: the question is too large. Ask about it alone."),
}
# In the words of the `answer` filter: which rows are shown.
_SHOWS: dict[str, frozenset[Reach]] = {
    "": frozenset({Reach.CAN, Reach.UNSURE}),
    "can": frozenset({Reach.CAN}),
    "cannot": frozenset({Reach.CANNOT}),
    "not-certain": frozenset({Reach.UNSURE}),
    "all": frozenset(Reach),
}


@dataclass(frozen=True)
class ReachLine:
    """One row of the table. `why` says why it is not certain, "" where it is."""

    row: EstateRow
    ports: str
    why: str
    by_the_look: str
    pods: str
    others: str
    ended_ago: str


@dataclass(frozen=True)
class AnswerChip:
    """One of the answers with its number, as a link that shows only its rows."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class ReachabilityPage:
    """The answer in words, its numbers, and a page of the rows that are shown.

    The numbers are of the whole answer, `shown` that of the rows that the pages hold.
    """

    heading: str
    lines: tuple[ReachLine, ...]
    place: Page[EstateRow]
    shown: Count
    total: int
    counts: dict[str, int]
    unmanaged: str
    looks: tuple[LookedAt, ...]
    left_out: int
    chips: tuple[AnswerChip, ...]


def build_reachability(
    answer: EstateAnswer,
    question: EstateQuestion,
    given: dict[str, str],
    *,
    now: datetime,
    cursor: str = "",
) -> ReachabilityPage:
    """Return the page. `given` is the question as it stands in the address.

    Raise Invalid for a cursor that cannot be read.
    """
    rows = rows_asked(answer, given)
    counted = rows if question.ends(answer.by)[0] else [one for one in rows if one.row]
    counts = Counter(row.reach for row in counted)
    shown = rows_shown(answer, given)
    place = page_of_known(shown, key=lambda row: (row.name, row.cluster.name), cursor=cursor)
    return ReachabilityPage(
        heading=_heading(counts, len(counted), question, answer.by),
        lines=tuple(_line(row, question, now) for row in place.rows),
        place=place,
        shown=Count(len(shown)),
        total=len(counted),
        counts={"can": counts[Reach.CAN], "cannot": counts[Reach.CANNOT],
                "unsure": counts[Reach.UNSURE]},
        unmanaged=_unmanaged([] if question.ends(answer.by)[0] else rows),
        looks=answer.looks,
        left_out=sum(row.doubt is Doubt.LEFT_OUT for row in rows),
        chips=tuple(_chips(counts, given)),
    )  # fmt: skip


def rows_asked(answer: EstateAnswer, given: dict[str, str]) -> list[EstateRow]:
    """Return the rows of the data class that is asked about, or all of them."""
    wanted = given.get("data", "")
    if not wanted:
        return [*answer.rows]
    return [one for one in answer.rows if one.approved and one.approved.spec.data_class == wanted]


def rows_shown(answer: EstateAnswer, given: dict[str, str]) -> list[EstateRow]:
    """Return the rows that are shown, which are also those of an export."""
    shown = _SHOWS[given.get("answer", "")]
    return [row for row in rows_asked(answer, given) if row.reach in shown]


def question_words(question: EstateQuestion, by: Direction) -> str:
    """Return what is asked of each namespace, e.g. `can reach the internet on TCP 443`."""
    other = _end_words(question.ends(by)[1])
    words = {
        (Direction.EGRESS, True): _("reach %(other)s on %(port)s"),
        (Direction.EGRESS, False): _("reach %(other)s"),
        (Direction.INGRESS, True): _("be reached from %(other)s on %(port)s"),
        (Direction.INGRESS, False): _("be reached from %(other)s"),
    }[by, question.port is not None]
    port = f"{question.port.protocol} {question.port.number}" if question.port else ""
    return words % {"other": other, "port": port}


def why_words(row: EstateRow) -> str:
    """Return why a row is not certain, "" where it is."""
    if row.doubt:
        return str(_WHY[row.doubt])
    if row.reach is Reach.UNSURE and row.found:
        verdict = row.found.verdict
        return f"{capitalised(_(verdict.certainty.words))}: {verdict.caveat}."
    return ""


def port_texts(row: EstateRow) -> str:
    """Return the ports of a row in words, "" where nothing was worked out."""
    if row.found is None:
        return ""
    return ports_text(OpenPorts(row.found.ports, (), row.found.verdict.certainty))


def pods_words(found: NamespaceReach) -> str:
    """Return the pods an answer is about: by what they have in common where only they have it."""
    if not found.pods:
        return ""
    every = [set(one.endpoint.labels.items()) for one in found.pods]
    shared = set.intersection(*every)
    if shared and not any(shared <= set(one.endpoint.labels.items()) for one in found.rest):
        return ",".join(f"{key}={value}" for key, value in sorted(shared))
    return _named(found.pods)


def ready_questions(own: Sequence[str], *, has_web_entry: bool) -> list[tuple[str, str]]:
    """Return (words, query) of questions that only need a click."""
    asked: list[tuple[str, dict[str, str]]] = [
        (_("Who can reach the internet"), {"from": EVERY, "to": INTERNET}),
        (_("Restricted data that can reach the internet"),
         {"from": EVERY, "to": INTERNET, "data": "restricted"}),
    ]  # fmt: skip
    if has_web_entry:
        asked.append((_("Who is reachable from the web entry"), {"from": WEB_ENTRY, "to": EVERY}))
    asked.append((_("Who is reachable from the internet"), {"from": INTERNET, "to": EVERY}))
    asked += [
        (_("What can reach %(name)s") % {"name": name}, {"from": EVERY, "to": name}) for name in own
    ]
    return [(words, urlencode(query)) for words, query in asked]


def _heading(counts: Counter[Reach], total: int, question: EstateQuestion, by: Direction) -> str:
    said = question_words(question, by)
    words = ngettext(
        "%(can)d of %(total)d namespace can %(said)s",
        "%(can)d of %(total)d namespaces can %(said)s",
        total,
    )
    told = words % {"can": counts[Reach.CAN], "total": total, "said": said}
    if not counts[Reach.UNSURE]:
        return told
    return _("%(told)s; %(count)d not certain") % {"told": told, "count": counts[Reach.UNSURE]}


def _line(row: EstateRow, question: EstateQuestion, now: datetime) -> ReachLine:
    ends_at = row.row.expires_at if row.row else None
    found = row.found
    return ReachLine(
        row=row,
        ports=capitalised(port_texts(row)) if found and question.port is None else "",
        why=why_words(row),
        by_the_look=_by_the_look(row),
        pods=pods_words(found) if found else "",
        others=_others(row),
        ended_ago=ended_ago(ends_at, now),
    )


def _by_the_look(row: EstateRow) -> str:
    """Return what the last look says where something makes it doubtful."""
    if not row.doubt or row.found is None:
        return ""
    words: dict[Reach, Callable[[], str]] = {
        Reach.CAN: lambda: _("By that look: can."),
        Reach.CANNOT: lambda: _("By that look: cannot."),
        Reach.UNSURE: lambda: _("By that look: not certain either."),
    }
    return words[row.found.reach]()


def _others(row: EstateRow) -> str:
    """Return which addresses, where not all that were asked about. Pods of others are not told."""
    if row.found is None or row.reach is Reach.CANNOT:
        return ""
    ranges = [one for one in row.found.others if one.endpoint.ranges]
    return "" if is_vast(span for one in ranges for span in one.endpoint.spans) else _named(ranges)


def _named(members: Sequence[Member]) -> str:
    named = [_member(one) for one in members]
    more = len(named) - PODS_SHOWN
    shown = "; ".join(named[:PODS_SHOWN])
    return (
        _("%(shown)s and %(count)d more") % {"shown": shown, "count": more} if more > 0 else shown
    )


def _member(member: Member) -> str:
    if member.pod is None:
        return ", ".join(member.endpoint.ranges[:PODS_SHOWN])
    labels = ",".join(f"{key}={value}" for key, value in member.endpoint.labels.items())
    return labels or _("pods without a label that policies name")


def _end_words(end: str) -> str:
    if end == INTERNET:
        return _("the internet")
    if end == WEB_ENTRY:
        return _("the web entry")
    return end


def _unmanaged(rows: Sequence[EstateRow]) -> str:
    """Return who besides can, among those that Bulkhead does not manage; "" where nobody is."""
    others = [row for row in rows if not row.row]
    if not others:
        return ""
    able = [row.name for row in others if row.reach is Reach.CAN]
    shown = ", ".join(able[:OTHERS_NAMED]) or _("none")
    if len(able) > OTHERS_NAMED:
        shown = _("%(shown)s and %(count)d more") % {
            "shown": shown,
            "count": len(able) - OTHERS_NAMED,
        }
    words = _("Of %(total)d namespaces that Bulkhead does not manage, these can too: %(names)s.")
    told = words % {"total": len(others), "names": shown}
    unsure = sum(row.reach is Reach.UNSURE for row in others)
    more = _("Of %(count)d it is not certain.") % {"count": unsure} if unsure else ""
    return f"{told} {more}".strip()


def _chips(counts: Counter[Reach], given: dict[str, str]) -> Iterator[AnswerChip]:
    numbers = {
        "": (_("Can, or not certain"), counts[Reach.CAN] + counts[Reach.UNSURE]),
        "can": (_("Can"), counts[Reach.CAN]),
        "cannot": (_("Cannot"), counts[Reach.CANNOT]),
        "not-certain": (_("Not certain"), counts[Reach.UNSURE]),
        "all": (_("All"), counts.total()),
    }
    for value, (label, number) in numbers.items():
        query = {**given, "answer": value}
        url = urlencode({name: text for name, text in query.items() if text})
        yield AnswerChip(f"{label}, {number}", f"?{url}", given.get("answer", "") == value)
