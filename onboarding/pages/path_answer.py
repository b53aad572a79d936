"""The tester's answer in words: a headline, what each end says, and what would open a blocked path.

Between queries/paths.py and templates/namespaces/_tester.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.models import ManagedNamespace
from onboarding.pages.connectivity import closes_by_default
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.advice import Advice
from onboarding.queries.paths import End, Pair, Question, Reply, told_labels
from onboarding.reachability.model import Direction, Pod, Policy, PolicyRef, RuleRef, Side, Verdict


@dataclass(frozen=True)
class RuleWords:
    """A rule or a policy by its full name, with the template it came from, if it is ours."""

    name: str
    template: str


@dataclass(frozen=True)
class SideWords:
    """What one end says. `rules` allow it, or are the policies that do not."""

    title: str
    allows: bool
    words: str
    rules: tuple[RuleWords, ...] = ()


@dataclass(frozen=True)
class PairWords:
    """One answer; `source` and `destination` are in words."""

    source: str
    destination: str
    verdict: Verdict
    headline: str
    sides: tuple[SideWords, SideWords]


@dataclass(frozen=True)
class AdviceWords:
    """What would open the path: everything of `steps`, in order; `notes` say why there is none.

    `url` leads to the change form, filled; "" where none is needed.
    """

    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True)
class PathAnswer:
    """Everything the tester says. More than one pair: it depends on the pods.

    `caution` says that nobody knows whether it is still so, "" where that was seen lately.
    """

    pairs: tuple[PairWords, ...]
    unseen: tuple[str, ...]
    advice: AdviceWords | None
    is_cut: bool = False
    asks_approvers: bool = False
    caution: str = ""

    @property
    def is_alone(self) -> bool:
        """Tell whether both ends are one pod, so that there is nothing to allow or to block."""
        return not self.pairs

    @property
    def is_mixed(self) -> bool:
        """Tell whether the answer depends on which pods are meant."""
        return len(self.pairs) > 1

    @property
    def announcement(self) -> str:
        """Return the answer in a sentence, for who hears it."""
        if self.is_alone:
            return _("Both ends are one and the same pod.")
        said = _("It depends on the pods.") if self.is_mixed else self.pairs[0].headline
        return f"{said} {self.caution}".strip()


def build_answer(
    reply: Reply, row: ManagedNamespace, advice: Advice | None, *, caution: str = ""
) -> PathAnswer:
    """Return the answer; `advice` is None where nothing opens the path, or nothing need to."""
    is_blocked = any(not pair.verdict.allowed for pair in reply.pairs)
    return PathAnswer(
        pairs=tuple(_pair(pair, reply, row.name) for pair in reply.pairs),
        unseen=tuple(map(_unseen, reply.unseen)),
        advice=_advice(reply, row, advice) if is_blocked else None,
        is_cut=reply.is_cut,
        caution=caution,
        asks_approvers=is_blocked and advice is None and not _is_closed_there(reply, row),
    )


def path_words(question: Question) -> str:
    """Return the path that is asked about, e.g. `payments-prod to 203.0.113.7 on TCP 443`."""
    words = _("%(source)s to %(destination)s on %(protocol)s %(port)d")
    return words % {
        "source": question.source,
        "destination": question.destination,
        "protocol": question.protocol,
        "port": question.port,
    }


def _pair(pair: Pair, reply: Reply, own: str) -> PairWords:
    verdict = pair.verdict
    ends = reply.question.source, reply.question.destination
    source, taker = (
        _end(pod, reply, own) if pod and reply.is_mixed else str(end)
        for end, pod in zip(ends, (pair.source, pair.destination), strict=True)
    )
    leaving = _side(verdict.egress, pair.source, reply.world.policies)
    entering = _side(verdict.ingress, pair.destination, reply.world.policies)
    return PairWords(source, taker, verdict, _headline(verdict), (leaving, entering))


def _end(pod: Pod, reply: Reply, own: str) -> str:
    """Return which pods are meant, by the labels that may be told of them."""
    labels = told_labels(pod, own, reply.world.policies)
    if labels:
        return str(End(pod.namespace, labels))
    # Pods of others that differ in what is withheld read alike, so none of them are "the others".
    words = _("%(name)s, other pods") if pod.namespace == own else _("%(name)s, some of its pods")
    return words % {"name": pod.namespace}


def _headline(verdict: Verdict) -> str:
    match verdict.egress.allows, verdict.ingress.allows:
        case True, True:
            return _("Yes. A may send it, and B accepts it.")
        case True, False:
            return _("No. B does not accept it, although A may send it.")
        case False, True:
            return _("No. A may not send it, although B would accept it.")
    return _("No. A may not send it, and B does not accept it.")


def _side(side: Side, pod: Pod | None, policies: Iterable[Policy]) -> SideWords:
    leaves = side.direction is Direction.EGRESS
    title = _("Leaving A:") if leaves else _("Entering B:")
    if side.exempt:
        return SideWords(title, side.allows, _exempt(pod))
    if side.allowing:
        return SideWords(title, side.allows, _("allowed by"), _named(side.allowing))
    if not side.isolating:
        free = _("no policy isolates these pods, so everything may leave.")
        taken = _("no policy isolates these pods, so everything may enter.")
        return SideWords(title, side.allows, free if leaves else taken)
    defaults = {one.ref for one in policies if closes_by_default(one, side.direction)}
    closing = tuple(ref for ref in side.isolating if ref in defaults)
    if closing:
        return SideWords(
            title, side.allows, _("no rule allows it. Closed by default,"), _named(closing)
        )
    return SideWords(
        title, side.allows, _("no rule allows it. Isolated by"), _named(side.isolating)
    )


def _named(refs: Iterable[RuleRef | PolicyRef]) -> tuple[RuleWords, ...]:
    policies = ((ref, ref.policy if isinstance(ref, RuleRef) else ref) for ref in refs)
    return tuple(RuleWords(str(ref), policy.template) for ref, policy in policies)


def _exempt(pod: Pod | None) -> str:
    if pod is None:
        return _("an address, which no policy selects.")
    if pod.host_network:
        return _("on the network of its node, which no policy selects.")
    return _("always allowed from the pod's own node.")


def _unseen(end: End) -> str:
    if not end.labels:
        words = _("No pod runs in %(end)s yet. This is the answer for a pod without labels.")
        return words % {"end": end}
    words = _("No pod like %(end)s runs yet. This is the answer for one with exactly these labels.")
    return words % {"end": end}


def _advice(reply: Reply, row: ManagedNamespace, advice: Advice | None) -> AdviceWords:
    if advice is None:
        return AdviceWords(notes=(_nothing(reply, row),))
    if not advice.labels and not advice.answers:
        return AdviceWords(notes=(_allowed_already(row, advice),))
    url = ""
    if advice.answers:
        url = f"{reverse('namespace-change', args=[row.public_id])}?{urlencode(advice.answers)}"
    return AdviceWords(steps=tuple(_steps(row, advice)), url=url)


def _allowed_already(row: ManagedNamespace, advice: Advice) -> str:
    """Return which approved rule the cluster did not hold."""
    if not advice.templates:
        words = _("What was approved for %(name)s allows it; the cluster did not hold it yet.")
        return words % {"name": row.name}
    words = _("What was approved for %(name)s allows it: %(rules)s. The cluster did not hold that.")
    return words % {"name": row.name, "rules": ", ".join(advice.templates)}


def _nothing(reply: Reply, row: ManagedNamespace) -> str:
    """Return what to do where the catalogue has nothing: whom to ask."""
    if _is_closed_there(reply, row):
        words = _("%(name)s allows it; the policies of %(peer)s do not. Ask those who run it.")
        question = reply.question
        is_ours = question.source.namespace == row.name
        peer = question.destination if is_ours else question.source
        return words % {"name": row.name, "peer": peer.namespace}
    return _("Nothing that can be asked for in a form allows this.")


def _is_closed_there(reply: Reply, row: ManagedNamespace) -> bool:
    """Tell whether only the other end closes a blocked path."""
    verdict = next(pair.verdict for pair in reply.pairs if not pair.verdict.allowed)
    is_ours = reply.question.source.namespace == row.name
    ends = (verdict.egress, verdict.ingress)
    own, other = ends if is_ours else (ends[1], ends[0])
    return own.allows and not other.allows


def _steps(row: ManagedNamespace, advice: Advice) -> Iterator[str]:
    if advice.labels:
        labels = ", ".join(f"{key}={value}" for key, value in advice.labels)
        words = _("Put the label %(labels)s on the pods in %(name)s.")
        yield words % {"labels": labels, "name": row.name}
    if advice.answers:
        yield wish_words(advice.answers)


def wish_words(answers: Mapping[str, str]) -> str:
    """Return what answers of the change form ask for."""
    if "egress" in answers:
        choice = load_catalogue().egress.get(answers["egress"])
        if choice is None:  # as another release knew it
            return _("Ask for egress “%(title)s”.") % {"title": answers["egress"]}
        return _("Ask for egress “%(title)s”: %(note)s") % {
            "title": choice.title,
            "note": choice.note,
        }
    if "ingress" in answers:
        words = _("Ask for pods with app=%(component)s to serve %(source)s on TCP %(ports)s.")
        return words % {
            "component": answers["component"],
            "source": answers["ingress"],
            "ports": answers["ports"],
        }
    return _("Ask for every pod of the namespace to be able to reach the others.")
