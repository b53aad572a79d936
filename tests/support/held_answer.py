"""A process whose line to the cluster holds an answer back, so that it is in the middle of a run.

`python -m tests.support.held_answer PROGRAM ARGUMENT…` runs a worker's program: as long as there is
a file `hold` in the state folder, it waits after the fence was stored and before it knows of it.
"""

import importlib
import os
import sys
from pathlib import Path
from threading import Event
from typing import Any

from tests.support.wrong_clock import PROGRAMS

POLL_SECONDS = 0.05
HOLD, IS_HELD = "hold", "is-held"


def hold_back(folder: Path) -> None:
    """Wait after each answer to the first write of a run that fences."""
    connections = importlib.import_module("onboarding.cluster.connections")
    send, pause = connections.HttpClient.send, Event()

    def held(line: object, method: str, path: str, **named: Any) -> object:
        answer: object = send(line, method, path, **named)
        if method == "PATCH" and path.endswith("/deny-all"):
            while (folder / HOLD).exists():
                (folder / IS_HELD).touch()
                pause.wait(POLL_SECONDS)
        return answer

    connections.HttpClient.send = held


if __name__ == "__main__":
    hold_back(Path(os.environ["BULKHEAD_STATE_DIR"]))
    module, function = PROGRAMS[sys.argv[1]]
    sys.argv = sys.argv[1:]
    getattr(importlib.import_module(module), function)()
