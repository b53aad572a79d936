"""manage.py reachability --cluster NAME: who can talk to whom, by what was last observed there.

Asks no cluster. The answer is made and written by the same code as that of
`python -m onboarding.reachability`; the portal's pages show the same.
"""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timesince import timesince

from onboarding.domain.objects import Manifest
from onboarding.models import Cluster
from onboarding.queries.clusters import Freshness, sight_of
from onboarding.queries.observed import ObservedWorld, observed_world
from onboarding.reachability.answering import answer
from onboarding.reachability.cli import (
    add_question,
    wish_of,
)
from onboarding.reachability.gate import ExitCode, Judgement, judge_answers
from onboarding.reachability.members import BadQuestion
from onboarding.reachability.model import ForeignPolicy, World
from onboarding.reachability.reading import Loaded
from onboarding.services.clock import database_now


class Command(BaseCommand):
    """Answer from the last observation; exit codes as in docs/reachability.md."""

    help = "Who can talk to whom on a cluster, by what was last observed there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--cluster", required=True, metavar="NAME", help="a registered cluster")
        add_question(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        given = Namespace(**options)
        observed = _observed(given.cluster)
        try:
            wish = replace(wish_of(given), observed=_described(given.cluster, observed))
            loaded = Loaded(_as_last_seen(given.cluster, observed), _notes(observed))
            judged = Judgement(ExitCode.ANSWERED)
            if given.expect:
                judged = judge_answers(loaded, wish, given.expect)
            for piece in answer(loaded, wish):
                self.stdout.write(piece, ending="")
        except BadQuestion as error:
            raise CommandError(str(error), returncode=ExitCode.BAD_INPUT) from error
        if judged.sentences:
            raise CommandError("\n".join(judged.sentences), returncode=judged.code)


def _observed(name: str) -> ObservedWorld:
    """Return what was last seen. Raise CommandError where nothing was."""
    cluster = Cluster.objects.filter(name=name).first()
    if cluster is None:
        known = ", ".join(Cluster.objects.values_list("name", flat=True)) or "none"
        words = f"{name}: no such cluster; registered: {known}"
        raise CommandError(words, returncode=ExitCode.BAD_INPUT)
    observed = observed_world(cluster)
    if observed is None:
        raise CommandError(
            f"{name}: nothing was observed yet; workers look every minute, "
            "and `manage.py reconcile` looks once",
            returncode=ExitCode.BAD_INPUT,
        )
    return observed


def _described(cluster: str, observed: ObservedWorld) -> Manifest:
    return {
        "cluster": cluster,
        "seenAt": _seen_at(observed),
        "version": observed.version,
        "trouble": _trouble(observed),
    }


def _as_last_seen(cluster: str, observed: ObservedWorld) -> World:
    """Return the world; where nobody knows how it is now, no answer from it is certain."""
    if not _trouble(observed):
        return observed.world
    words = f"what has changed on {cluster} since it was seen at {_seen_at(observed)}"
    return replace(observed.world, foreign=(*observed.world.foreign, ForeignPolicy(words)))


def _trouble(observed: ObservedWorld) -> str:
    """Return why it is not newer, "" where it is as new as looks make it."""
    is_old = sight_of(observed.seen_at, "", now=database_now()) is Freshness.OLD
    return observed.trouble or ("nobody has looked at it since" if is_old else "")


def _seen_at(observed: ObservedWorld) -> str:
    return observed.seen_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _notes(observed: ObservedWorld) -> tuple[str, ...]:
    age = timesince(observed.seen_at, database_now()).replace("\xa0", " ")
    reason = _trouble(observed)
    return (f"this is {age} old", *([f"not newer, because: {reason}"] if reason else []))
