"""The System page: what is wrong with the portal as a whole, what to do about it, and the numbers.

The words of every Wrong stand in one table; a test asks for each. Each is also a line of the
section "When something is red" of docs/operations.md, by the same name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.wrong import Wrong
from onboarding.queries.health import ClusterHealth, Health, health
from onboarding.queries.processes import ProcessTruth, missing_kinds
from onboarding.queries.wrongs import FoundWrong, wrongs
from onboarding.services.write_probe import PROBE


@dataclass(frozen=True)
class WrongWords:
    """What is wrong, and what helps. Both may name %(cluster)s, %(many)d and %(detail)s."""

    title: str | Promise
    advice: str | Promise


@dataclass(frozen=True)
class WrongLine:
    """One thing that is wrong, as the page shows it. `detail` is a server's or a process's words.

    `url` leads to the page where it can be seen or mended, "" where there is none.
    """

    key: str
    tone: str
    title: str
    advice: str
    detail: str
    since: datetime | None
    url: str


@dataclass(frozen=True)
class SystemPage:
    """Everything the page shows."""

    now: datetime
    troubles: tuple[WrongLine, ...]
    clusters: tuple[ClusterHealth, ...]
    processes: tuple[ProcessTruth, ...]
    missing: tuple[str, ...]

    @property
    def red(self) -> int:
        """Return how many of the troubles are red."""
        return sum(trouble.tone == "danger" for trouble in self.troubles)

    @property
    def summary(self) -> str:
        """Return in one sentence how it stands, for those who hear the page."""
        if not self.troubles:
            return _("Nothing is known to be wrong.")
        return _("Red: %(red)d. Worth a look: %(amber)d.") % {
            "red": self.red,
            "amber": len(self.troubles) - self.red,
        }


_RESTART = gettext_lazy("Start it again; its log says why it ended.")
_SEE_PAGES = gettext_lazy("The page of each says why, and what helps.")
WORDS: Mapping[Wrong, WrongWords] = {
    Wrong.UNSTORED: WrongWords(
        gettext_lazy("The database stores nothing"),
        gettext_lazy(
            "Nothing can be approved, and nothing is done. /readyz says why. Which processes live "
            "cannot be known meanwhile."
        ),
    ),
    Wrong.NO_SWEEPER: WrongWords(
        gettext_lazy("No sweeper is running"),
        gettext_lazy(
            "Start it (manage.py reconcile --loop). Without it a lost hint is not found again, and "
            "without workers nothing is done at all."
        ),
    ),
    Wrong.NO_WORKER: WrongWords(
        gettext_lazy("No worker is running"),
        gettext_lazy("Start one. Meanwhile the sweeper does its work, more slowly."),
    ),
    Wrong.BEAT_SILENT: WrongWords(
        gettext_lazy("No message of beat reaches a worker"),
        gettext_lazy(
            "Beat, the queue or the workers do not do their part: look whether each runs. "
            "Meanwhile the sweeper does their work, more slowly."
        ),
    ),
    Wrong.LOOP_HANGS: WrongWords(
        gettext_lazy("A part of a process hangs"),
        gettext_lazy("Its log says what it did last. Restart the process; nothing is lost by it."),
    ),
    Wrong.PROCESS_LOST: WrongWords(
        gettext_lazy("A process ended without a word, and none took its place"), _RESTART
    ),
    Wrong.RELEASES_DIFFER: WrongWords(
        gettext_lazy("Processes of different releases run side by side"),
        gettext_lazy("After an upgrade, restart those that were left behind."),
    ),
    Wrong.UNDONE: WrongWords(
        gettext_lazy("Approved for %(cluster)s and not done: %(many)d"),
        gettext_lazy(
            "Look at the processes and at the cluster below: one of them is why. It goes on by "
            "itself once they are well."
        ),
    ),
    Wrong.OVERDUE: WrongWords(
        gettext_lazy("Work on %(cluster)s is due and nobody takes it"),
        gettext_lazy("Look whether a worker or the sweeper runs, and whether all are busy."),
    ),
    Wrong.LOOKS_LATE: WrongWords(
        gettext_lazy("Not compared in time on %(cluster)s: %(many)d"),
        gettext_lazy(
            "What was changed there shows late. If the cluster is well, too few look: give the "
            "sweeper more threads, or start another worker."
        ),
    ),
    Wrong.CLUSTER: WrongWords(
        gettext_lazy("%(cluster)s cannot be used, or was not heard of lately"),
        gettext_lazy("Its page says what it is and what helps."),
    ),
    Wrong.LOOK_FAILED: WrongWords(
        gettext_lazy("The last look at %(cluster)s failed"),
        gettext_lazy("It is repeated within half a minute. If that fails too, it is red."),
    ),
    Wrong.PATIENCE: WrongWords(
        gettext_lazy("%(cluster)s asks for patience"),
        gettext_lazy("It is asked again when it said. If it lasts, look at its load."),
    ),
    Wrong.OBSERVATION_OLD: WrongWords(
        gettext_lazy("What is shown of %(cluster)s is old"),
        gettext_lazy("No look at it has succeeded lately. Its page says why."),
    ),
    Wrong.ONLY_LOOKED_AT: WrongWords(
        gettext_lazy("After a restore %(cluster)s is only looked at"),
        gettext_lazy("Nothing is written there until a platform admin has decided what holds."),
    ),
    Wrong.CREDENTIAL_ENDS: WrongWords(
        gettext_lazy("The portal’s credential for %(cluster)s ends and was not renewed"),
        gettext_lazy(
            "The workers' log says why. Run this before it ends: manage.py prepare_cluster "
            "%(cluster)s --kubeconfig FILE"
        ),
    ),
    Wrong.UNGUARDED: WrongWords(
        gettext_lazy("%(cluster)s is not guarded as it must be"),
        gettext_lazy(
            "Run this, which puts the guards back: manage.py prepare_cluster "
            "%(cluster)s --kubeconfig FILE"
        ),
    ),
    Wrong.GUARDS_UNKNOWN: WrongWords(
        gettext_lazy("Whether %(cluster)s is guarded cannot be known"),
        gettext_lazy(
            "Run this, which gives the portal's role what it needs: manage.py "
            "prepare_cluster %(cluster)s --kubeconfig FILE"
        ),
    ),
    Wrong.BLOCKED: WrongWords(
        gettext_lazy("Blocked on %(cluster)s, and waiting for a person: %(many)d"), _SEE_PAGES
    ),
    Wrong.STUCK: WrongWords(
        gettext_lazy("Kubernetes does not finish on %(cluster)s: %(many)d"), _SEE_PAGES
    ),
    Wrong.DRIFTED: WrongWords(
        gettext_lazy("Changed outside the portal on %(cluster)s: %(many)d"), _SEE_PAGES
    ),
    Wrong.UNREAD: WrongWords(
        gettext_lazy("Too large to be read on %(cluster)s: %(many)d"),
        gettext_lazy("Their owners have to use fewer or smaller objects. The rest is seen."),
    ),
    Wrong.TRIGGERS: WrongWords(
        gettext_lazy("The database lacks triggers that keep history as it is"),
        gettext_lazy(
            "Run this as the owner of its tables: manage.py restore_triggers. Then find out who "
            "took them away."
        ),
    ),
    Wrong.CLOCK: WrongWords(
        gettext_lazy("A clock differs from the database's"),
        gettext_lazy(
            "Have it set by a time server. Nothing that the portal decides goes by it; codes of "
            "authenticator apps and tokens of a cluster do."
        ),
    ),
    Wrong.MAIL: WrongWords(
        gettext_lazy("Not delivered, so that people are not told: %(many)d"),
        gettext_lazy(
            "Look whether BULKHEAD_EMAIL_URL is right and the mail server takes mails. It is tried "
            "again by itself, for three days; everything stands in people's inboxes meanwhile."
        ),
    ),
}
_OF_NAMESPACES = frozenset(
    {Wrong.UNDONE, Wrong.LOOKS_LATE, Wrong.BLOCKED, Wrong.STUCK, Wrong.DRIFTED}
)


def build_system_page(*, now: datetime) -> SystemPage:
    """Return the page. A constant number of statements."""
    known = health(now=now, storing=PROBE.find_storing())
    return SystemPage(
        now=now,
        troubles=tuple(build_trouble(finding) for finding in wrongs(known)),
        clusters=known.clusters,
        processes=tuple(one for one in known.processes if one.ended_at is None),
        missing=_missing(known),
    )


def build_trouble(finding: FoundWrong) -> WrongLine:
    """Return something wrong in words."""
    words, cluster = WORDS[finding.what], finding.cluster
    named = {
        "cluster": cluster.name if cluster else "",
        "many": finding.many,
        "detail": finding.detail,
    }
    return WrongLine(
        key=finding.what.value,
        tone="danger" if finding.is_red else "warn",
        title=str(words.title) % named,
        advice=str(words.advice) % named,
        detail=finding.detail,
        since=finding.since,
        url=_where(finding),
    )


def _missing(known: Health) -> tuple[str, ...]:
    if not known.storing.is_heard:
        return ()
    return tuple(kind.value for kind, _seen_at in missing_kinds(known.processes))


def _where(finding: FoundWrong) -> str:
    if finding.cluster is None:
        return ""
    if finding.what is Wrong.ONLY_LOOKED_AT:
        return reverse("cluster-after-restore", args=[finding.cluster.public_id])
    if finding.what in _OF_NAMESPACES:
        return f"{reverse('namespace-list')}?{urlencode({'cluster': finding.cluster.name})}"
    return reverse("cluster-detail", args=[finding.cluster.public_id])
