"""A web application whose answer waits for a word from the test, or is more than a client takes.

For `gunicorn tests.support.web_in_flight`; the word comes through the pipe WORD_PIPE.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from portal import web_worker

web_worker.UNREAD_SECONDS = 0.2
MUCH = b"m" * 64 * 1024
TIMES = 512


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    match environ["PATH_INFO"]:
        case "/much":
            return (MUCH for _ in range(TIMES))
        case "/word":
            return [Path(os.environ["WORD_PIPE"]).read_bytes()]
    return [b"nothing"]
