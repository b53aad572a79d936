"""The steps of compose-test, run in the engine's network: each says ok, or why not and ends it.

`python -m devtools.compose.steps WORK PID`: where the engine keeps its things, and dockerd's id.
Commands that people are told to run are read from docs/administration.md.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import devcluster
from devtools.compose import journey
from devtools.compose.browser import Browser
from devtools.compose.confined import Confinement, secrets_in
from devtools.compose.engine import Engine
from devtools.compose.project import Project, StepFailed
from devtools.compose.relay import ADDRESS, PORT, relay_to
from devtools.compose.watched import Scraper, memory, too_full, wrong_ways

HOST = "portal.localhost"
OPEN_PORTS = {"0.0.0.0:80", "0.0.0.0:443"}  # of the proxy alone
PORTAL = ("web", "worker", "beat", "sweeper")
SERVICES = (*PORTAL, "postgres", "redis")
# Headings of docs/administration.md, whose commands are run.
SET_UP, CLUSTER = "With docker-compose.yml", "A cluster"
TRIAL, UPGRADE = "Trying it without TLS", "Upgrading docker-compose.yml"
BACK_UP, RESTORE = "Backing up", "Restoring"
OVERRIDE = "docker-compose.override.yml"
SLOW = "#!/bin/sh\nsleep 8\n"
# A web process that works and whose check says that it does not.
ILL = {"test": ["CMD", "false"], "interval": "1s", "start_period": "0s", "retries": 1}
# The caddy that stands in has this under the name that it had before 2.6.3.
CADDYFILE = "deploy/proxy/Caddyfile"
BUFFERS, BUFFERED_BEFORE = "request_buffers 4MB", "buffer_requests\n\t\tmax_buffer_size 4MB"
NO_QUEUE = {"redis": {"command": ["sh", "-c", "exit 1"]}}
SIGNED_LANES = "BULKHEAD_SIGNED_LANES"
FAILS = """from django.db import migrations

def fail(apps, editor):
    raise RuntimeError("this migration fails")

class Migration(migrations.Migration):
    dependencies = [("onboarding", "{newest}")]
    operations = [migrations.RunPython(fail)]
"""
COUNTS = """SELECT relname, (xpath('/row/c/text()', query_to_xml(
    format('SELECT count(*) AS c FROM %I', relname), false, true, '')))[1]
    FROM pg_stat_user_tables ORDER BY 1"""


@dataclass
class Rehearsal:
    """One installation, from nothing to its end."""

    engine: Engine
    project: Project
    stack: ExitStack
    people: journey.People = field(init=False)

    @staticmethod
    def services() -> dict[str, object]:
        """What differs from docker-compose.yml: no passkey is at hand that could sign."""
        return {name: {"environment": {SIGNED_LANES: ""}} for name in ("migrate", *PORTAL)}

    def try_it(self) -> str:
        """Without TLS, and with a database that takes its time for the first start."""
        trial = replace(self.project, environment=self.engine.client)
        with trial.different("deploy/postgres/00-slow.sh", SLOW):
            trial.as_documented(TRIAL)
            _expect(_are_well(trial, *SERVICES), trial.state())
            page = Browser("http://localhost:8000").get("/accounts/login/")
            _expect(page.status == 200 and "login" in page.form("login").fields, page.words)
            trial.compose("down", "--volumes")
        for path in (trial.folder / "deploy/env").iterdir():
            path.unlink()
        return "healthy, and the page for signing in is there"

    def set_up(self) -> str:
        words = {"portal.example.org": HOST, "NAME": journey.ADMIN}
        invitation = self.project.as_documented(SET_UP, words)
        _expect(_are_well(self.project, *SERVICES, "proxy"), self.project.state())
        authority = self._authority()
        self.people = journey.People(lambda: Browser(f"https://{HOST}", authority))
        journey.set_password(Browser(f"https://{HOST}", authority), invitation)
        journey.introduce(self.people, lambda: self.project.documented(SET_UP, block=1).stdout)
        return "healthy; first admin, people and a team by the pages"

    def prepare_cluster(self) -> str:
        plane = self.stack.enter_context(devcluster.start(self.engine.work / "cluster"))
        relay_to(int(plane.server.rpartition(":")[2]))
        kubeconfig = self.engine.work / "admin.kubeconfig"
        own = plane.kubeconfig.read_text().replace(plane.server, f"https://{ADDRESS}:{PORT}")
        kubeconfig.write_text(own)
        kubeconfig.chmod(0o600)
        said = self.project.as_documented(CLUSTER, {"NAME": "dev", "FILE": str(kubeconfig)})
        return f"{len(said.splitlines())} lines"

    def onboard(self, name: str) -> str:
        return f"{journey.onboard(self.people, name):.1f} s from the approval to Ready"

    def confined(self) -> str:
        secrets = secrets_in(self.project.folder / "deploy/env")
        breaches = Confinement(self.engine).breaches(self.project.containers(), secrets)
        breaches += [*wrong_ways(self.project)]
        ports = self.project.run("docker", "ps", "--format", "{{.Ports}}")
        open_ports = [one for one in ports.replace(",", "\n").split("\n") if "0.0.0.0:" in one]
        if {one.split("->")[0].strip() for one in open_ports} != OPEN_PORTS:
            breaches.append(f"ports: {ports}")
        strong = self._ask("SELECT rolname FROM pg_roles WHERE rolsuper AND rolname <> 'postgres'")
        if strong:
            breaches.append(f"superusers: {strong}")
        _expect(not breaches, "; ".join(breaches))
        return (
            "accounts, capabilities, read-only, ports, networks, no key in web, "
            "no secret in a command line"
        )

    def watch(self) -> str:
        """As Prometheus does, by the address people use."""
        folder = self.project.folder / "deploy/env"
        scraper = Scraper.of(Browser(f"https://{HOST}", self._authority()), folder)
        _expect(scraper.is_guarded(), "/metrics without its token")
        self.project.wait_for(lambda: not scraper.wrongs(), "/metrics names nothing wrong")
        return "/metrics for who brings the token of web.env; nothing is wrong with the whole"

    def start_without_queue(self) -> str:
        self.project.compose("down")
        broken = {"services": self.services() | NO_QUEUE}
        with self.project.different(OVERRIDE, json.dumps(broken)):
            self.project.compose("up", "--detach")
            self.project.wait_for(
                lambda: _are_well(self.project, "web", "sweeper"), "web and sweeper are healthy"
            )
            ready = self.onboard("without-queue")
        self.project.compose("up", "--detach", "--wait")
        return f"{ready}; the queue is back, {self.onboard('queue-is-back')}"

    def kill_each(self) -> str:
        confinement = Confinement(self.engine)
        for name in (*SERVICES, "proxy"):
            one = self.project.containers()[name]
            confinement.kill(one)
            is_back = partial(self._came_back, name, one.restarts)
            self.project.wait_for(is_back, f"{name} is back")
        self.project.wait_for(lambda: _are_well(self.project, *SERVICES), "all are healthy again")
        ready = self.onboard("after-kills")
        full = [*too_full(self.project)]
        _expect(not full, "; ".join(full))
        shares = ", ".join(f"{name} {share:.0f}" for name, share in memory(self.project).items())
        return f"each came back; {ready}; per cent of memory: {shares}"

    def fail_to_upgrade(self) -> str:
        migrations = self.project.folder / "onboarding/migrations"
        newest = max(path.stem for path in migrations.glob("[0-9]*.py"))
        before, named = self.project.containers(), self._named()
        with self.project.different(f"{migrations}/9999_fails.py", FAILS.format(newest=newest)):
            self.project.commit("a release that fails")
            answer = self.project.documented(UPGRADE)
        said = answer.stdout + answer.stderr
        _expect(answer.returncode != 0 and "this migration fails" in said, said)
        _expect("the release before goes on" in answer.stderr, said)
        _expect(self._named() == named, f".env says {self._named()}")
        _expect(self.project.containers()["web"] == before["web"], "the old web process went on")
        _expect(
            Browser(f"https://{HOST}", self._authority()).get("/healthz").status == 200, "healthz"
        )
        self.project.wait_for(lambda: _are_well(self.project, *SERVICES), "all are healthy again")
        worker = self.project.containers()["worker"]
        _expect(worker.image == before["worker"].image, "the old worker is back")
        return f"the old version served meanwhile; {self.onboard('after-failure')}"

    def upgrade(self) -> str:
        """Twice: the first time, not all that is new comes up."""
        self.project.commit("the next release")
        before = self.project.containers()
        release = self.project.run("git", "describe", "--always").strip()
        ill = {"environment": {SIGNED_LANES: ""}, "healthcheck": ILL}
        override = {"services": self.services() | {"web": ill}}
        with self.project.different(OVERRIDE, json.dumps(override)):
            answer = self.project.documented(UPGRADE)
        said = answer.stdout + answer.stderr
        _expect(answer.returncode != 0 and "not all processes are well" in answer.stderr, said)
        _expect(self._named() == release, f".env says {self._named()} instead of {release}")
        self.project.as_documented(UPGRADE, block=1)
        after = self.project.containers()
        images = {after[name].image for name in PORTAL}
        _expect(images == {f"bulkhead:{release}"}, f"images: {images}")
        _expect(after["postgres"] == before["postgres"], "the database was not touched")
        _expect(_are_well(self.project, *SERVICES), self.project.state())
        self.project.wait_for(
            lambda: journey.releases(self.people) == {release}, "the System page names the release"
        )
        self.project.as_documented(UPGRADE)
        return f"{release}, as the System page says; {self.onboard('after-upgrade')}"

    def restore(self) -> str:
        self.project.compose("stop", *PORTAL)
        before = self._counts()
        self.project.as_documented(BACK_UP)
        self.project.compose("down", "--volumes")
        self.project.as_documented(RESTORE)
        after = self._counts()
        _expect(before == after, f"{before} became {after}")
        self.project.as_documented(RESTORE, block=1)
        authority = self._authority()  # the proxy has lost its own
        self.people = journey.People(lambda: Browser(f"https://{HOST}", authority))
        decided = journey.decide_what_holds(self.people)
        rows = sum(map(int, before.values()))
        return (
            f"{rows} rows of {len(before)} tables; noticed, looked at and decided after "
            f"{decided:.0f} s; {self.onboard('after-restore')}"
        )

    def remove(self) -> str:
        self.project.compose("down", "--volumes")
        lists = {"ps": "--all", "volume": "ls", "network": "ls"}
        left = [
            self.project.run("docker", name, option, "--quiet") for name, option in lists.items()
        ]
        _expect(not left[0] and not left[1] and len(left[2].split()) == 3, f"left: {left}")
        return "no container, volume or network"

    def _authority(self) -> str:
        path = "/data/caddy/pki/authorities/local/root.crt"
        ask = ("docker", "compose", "exec", "-T", "proxy", "cat", path)
        self.project.wait_for(
            lambda: self.project.tried(*ask).returncode == 0, "the proxy has an authority"
        )
        return self.project.run(*ask)

    def _named(self) -> str:
        """The release in .env, if there is one."""
        file = self.project.folder / ".env"
        lines = file.read_text().splitlines() if file.exists() else []
        named = [line for line in lines if line.startswith("BULKHEAD_VERSION=")]
        return named[0].partition("=")[2] if named else ""

    def _came_back(self, name: str, restarts: int) -> bool:
        one = self.project.containers()[name]
        return one.restarts > restarts and one.state == "running"

    def _counts(self) -> dict[str, str]:
        return dict(line.split("|") for line in self._ask(COUNTS).splitlines())

    def _ask(self, sql: str) -> str:
        psql = ("psql", "--no-psqlrc", "-At", "-U", "bulkhead", "-d", "bulkhead", "-c", sql)
        return self.project.compose("exec", "-T", "postgres", *psql).strip()


def main(work: Path, pid: int) -> int:
    engine = Engine(work, pid)
    tls = engine.client | {"COMPOSE_PROFILES": "tls"}
    project = Project.copied(work / "checkout", tls)
    caddyfile = project.folder / CADDYFILE
    caddyfile.write_text(caddyfile.read_text().replace(BUFFERS, BUFFERED_BEFORE))
    (project.folder / OVERRIDE).write_text(json.dumps({"services": Rehearsal.services()}))
    with ExitStack() as stack:
        one = Rehearsal(engine, project, stack)
        steps: list[tuple[str, Callable[[], str]]] = [
            ("tried without TLS, the database slow to start", one.try_it),
            ("set up as documented, TLS in front", one.set_up),
            ("a cluster, its kubeconfig by standard input", one.prepare_cluster),
            ("request, approve", lambda: one.onboard("first")),
            ("confined", one.confined),
            ("watched", one.watch),
            ("a start without a queue", one.start_without_queue),
            ("kill -9 of each", one.kill_each),
            ("an upgrade whose migration fails", one.fail_to_upgrade),
            ("upgrade as documented, also where not all comes up", one.upgrade),
            ("dump, down --volumes, restore as documented", one.restore),
            ("down --volumes", one.remove),
        ]
        return 0 if all(_went_well(project, *step) for step in steps) else 1


def _went_well(project: Project, words: str, step: Callable[[], str]) -> bool:
    began = time.monotonic()
    try:
        said = step()
    except Exception as error:  # noqa: BLE001 - whatever failed, this step did; the engine ends after it
        print(f"FAILED  {words}: {type(error).__name__}: {error}\n{project.state()}", flush=True)
        return False
    print(f"ok {time.monotonic() - began:6.1f} s  {words}: {said}", flush=True)
    return True


def _are_well(project: Project, *names: str) -> bool:
    containers = project.containers()
    return all(name in containers and containers[name].is_well for name in names)


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not holds:
        raise StepFailed(otherwise)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
