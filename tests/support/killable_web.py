"""The portal's web application, which dies after it has committed a decision and before it answers.

For `gunicorn tests.support.killable_web`. The whole answer was computed, no byte of it is sent.
"""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from portal.wsgi import application as portal


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    answer: Iterable[bytes] = portal(environ, start_response)
    if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith("/approvals/"):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
