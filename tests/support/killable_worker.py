"""A worker that is SIGKILLed at its k-th boundary event, for every k, each on a fresh namespace.

Run as `python -m tests.support.killable_worker PREFIX`. The product has no hook for this: phases,
the journal and the line to the cluster are wrapped here, in the forked child that dies. Prints
JSON, [[name, event]…] of the killed ones; the last name, with event "", is of the one that lived.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, cast

import django

django.setup()

from django.db import connections  # noqa: E402 (Django has to be set up before its models)
from django.utils import timezone  # noqa: E402

from onboarding.cluster.connections import HttpClient  # noqa: E402
from onboarding.models import ManagedNamespace  # noqa: E402
from onboarding.services.phases import PHASES  # noqa: E402
from onboarding.services.reconcile import reconcile  # noqa: E402
from onboarding.services.runs import Journal  # noqa: E402
from tests.support.scenario import onboard  # noqa: E402

WRITES_OF_JOURNAL = ("begin", "done", "finish_step", "move", "end")
MOST_EVENTS = 200


@dataclass
class Fate:
    """Counts boundary events and ends the process at the chosen one, naming it on `pipe`."""

    fatal: int
    pipe: int
    seen: int = 0

    def passes(self, event: str) -> None:
        self.seen += 1
        if self.seen == self.fatal:
            os.write(self.pipe, event.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any], event: str) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self.passes(f"before {event}")
            result = call(*arguments, **named)
            self.passes(f"after {event}")
            return result

        return wrapped

    def after(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The server has done it, the portal does not know yet."""

        def wrapped(line: HttpClient, method: str, path: str, **named: Any) -> Any:
            answer = call(line, method, path, **named)
            self.passes(f"{method} {path}")
            return answer

        return wrapped

    def take_hold(self) -> None:
        phases = cast("MutableMapping[Any, Any]", PHASES)
        for phase in list(phases):
            phases[phase] = self.around(phases[phase], f"phase {phase}")
        for name in WRITES_OF_JOURNAL:
            setattr(Journal, name, self.around(getattr(Journal, name), f"journal {name}"))
        # A class attribute is set by its name here so that the wrapper stays a plain function.
        setattr(HttpClient, "send", self.after(HttpClient.send))  # noqa: B010


def work_until_killed(namespace_id: int, fatal: int) -> str:
    """Reconcile in a child that dies at event number `fatal`; return the event, "" if it lived."""
    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        Fate(fatal, writing).take_hold()
        had_work = reconcile("doomed", clock=timezone.now, namespace_id=namespace_id)
        os._exit(0 if had_work else 1)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        event = pipe.read()
    assert status == (signal.SIGKILL if event else 0), f"status {status}, event {event!r}"
    return event


def kill_everywhere(prefix: str) -> list[tuple[str, str]]:
    fates = []
    for fatal in range(1, MOST_EVENTS):
        name = f"{prefix}-{fatal}"
        onboard([name])
        namespace = ManagedNamespace.objects.get(name=name)
        event = work_until_killed(namespace.pk, fatal)
        fates.append((name, event))
        if not event:
            return fates
    raise AssertionError(f"more than {MOST_EVENTS} events")


if __name__ == "__main__":
    print(json.dumps(kill_everywhere(sys.argv[1])))
