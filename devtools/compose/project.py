"""A copy of the checkout as a project of compose: its commands, containers, documentation."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

from devtools.budgets import tracked_files
from devtools.places import ROOT

ADMINISTRATION = "docs/administration.md"
WAIT_SECONDS, POLL_SECONDS = 180.0, 0.5
COMMAND_SECONDS = 900
SOMEBODY = ("-c", "user.name=compose-test", "-c", "user.email=compose-test@localhost")


class StepFailed(Exception):
    """Something was not as promised; the message says what."""


@dataclass(frozen=True)
class Container:
    """What the engine knows of a container. `pid` counts where the engine's processes are."""

    name: str
    state: str
    health: str
    restarts: int
    pid: int
    image: str

    @property
    def is_well(self) -> bool:
        return self.state == "running" and self.health in {"healthy", ""}


@dataclass(frozen=True)
class Project:
    folder: Path
    environment: dict[str, str]

    @classmethod
    def copied(cls, folder: Path, environment: dict[str, str]) -> "Project":
        """Copy what git tracks or would track, and commit it there: releases are named by git."""
        for path in tracked_files("*"):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, target)
        project = cls(folder, environment)
        project.run("git", "init", "--quiet")
        project.commit("as it stands")
        return project

    def commit(self, words: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", *SOMEBODY, "commit", "--quiet", "--message", words)

    def run(self, *command: str, stdin: str | None = None) -> str:
        """Run a command in the project; return what it printed. Raises StepFailed."""
        answer = self.tried(*command, stdin=stdin)
        if answer.returncode != 0:
            raise StepFailed(f"{' '.join(command)}: {_last(answer)}")
        return answer.stdout

    def tried(self, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command whose failing is the caller's to judge."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    def compose(self, *arguments: str, stdin: str | None = None) -> str:
        return self.run("docker", "compose", *arguments, stdin=stdin)

    def documented(
        self, section: str, words: Mapping[str, str] | None = None, *, block: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run a block of commands under a heading of the documentation, its words filled in."""
        script = commands_of((self.folder / ADMINISTRATION).read_text(), section)[block]
        for word, meant in (words or {}).items():
            script = script.replace(word, meant)
        return self.tried("bash", "-euo", "pipefail", "-c", script)

    def as_documented(
        self, section: str, words: Mapping[str, str] | None = None, *, block: int = 0
    ) -> str:
        """The same, where they must succeed. Raises StepFailed."""
        answer = self.documented(section, words, block=block)
        if answer.returncode != 0:
            raise StepFailed(f"the commands of {section!r} failed: {_last(answer)}")
        return answer.stdout

    def containers(self) -> dict[str, Container]:
        """Every container of the project by the name of its service."""
        ours = "label=com.docker.compose.project"
        names = self.run("docker", "ps", "--all", "--quiet", "--filter", ours)
        if not names.split():
            return {}
        found = json.loads(self.run("docker", "inspect", *names.split()))
        return {_service(one): _container(one) for one in found}

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Raises StepFailed when it does not come to hold."""
        pause, deadline = Event(), monotonic() + WAIT_SECONDS
        while not holds():
            if monotonic() > deadline:
                raise StepFailed(f"not within {WAIT_SECONDS:.0f} s: {what}\n{self.state()}")
            pause.wait(POLL_SECONDS)

    def state(self) -> str:
        """Containers and the ends of their logs, for somebody who wonders."""
        listed = self.tried("docker", "compose", "ps", "--all").stdout
        return listed + self.tried("docker", "compose", "logs", "--tail", "12").stdout

    @contextmanager
    def different(self, path: str, content: str) -> Iterator[None]:
        """A file that is there, or says something else, for a while."""
        file = self.folder / path
        before = file.read_text() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o755)
        try:
            yield
        finally:
            file.unlink() if before is None else file.write_text(before)


def commands_of(document: str, section: str) -> list[str]:
    """The blocks of shell commands under a heading. Raises StepFailed where there are none."""
    text = re.search(
        rf"^##+ {re.escape(section)}\n(.*?)(?=^##+ |\Z)", document, re.DOTALL | re.MULTILINE
    )
    blocks = re.findall(r"^```sh\n(.*?)^```", text[1] if text else "", re.DOTALL | re.MULTILINE)
    if not blocks:
        raise StepFailed(f"{ADMINISTRATION} holds no commands under {section!r}")
    return blocks


def _service(inspected: dict[str, object]) -> str:
    config = inspected["Config"]
    assert isinstance(config, dict)
    return str(config["Labels"]["com.docker.compose.service"])


def _container(inspected: dict[str, object]) -> Container:
    state, config = inspected["State"], inspected["Config"]
    assert isinstance(state, dict)
    assert isinstance(config, dict)
    health = state.get("Health") or {}
    return Container(
        name=str(inspected["Name"]).lstrip("/"),
        state=str(state["Status"]),
        health=str(health.get("Status", "")),
        restarts=int(str(inspected["RestartCount"])),
        pid=int(state["Pid"]),
        image=str(config["Image"]),
    )


def _last(answer: subprocess.CompletedProcess[str]) -> str:
    lines = (answer.stdout + answer.stderr).splitlines()
    return f"exit code {answer.returncode}\n" + "\n".join(lines[-40:])
