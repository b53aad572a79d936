"""Ask a process about itself from inside its container: exit code 0 if it is well.

    python deploy/healthcheck.py 127.0.0.1:8000 /healthz     does this page answer 200?
    python deploy/healthcheck.py --alive /tmp/alive 90       was this file touched since 90 s?

The portal answers only for hosts it was told to serve, so the first of these is named. What is
wrong is printed: container engines keep it with the state.
"""
# ruff: noqa: INP001 - a script of the image, not part of a package

import http.client
import os
import sys
import time
from pathlib import Path

ANSWER_SECONDS = 4
SHOWN_BYTES = 200


def answers(address: str, path: str) -> int:
    host = os.environ.get("BULKHEAD_ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        words = answer.read(SHOWN_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        print(f"{address}{path}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if answer.status != http.client.OK:
        print(f"{address}{path}: {answer.status} {words}", file=sys.stderr)
        return 1
    return 0


def is_alive(file: str, seconds: str) -> int:
    """A clock that was set back makes a file of the future: as good as old."""
    try:
        age = time.time() - Path(file).stat().st_mtime
    except OSError as error:
        print(f"not one round was finished: {error}", file=sys.stderr)
        return 1
    if abs(age) > float(seconds):
        print(f"{file}: the last round ended {age:.0f} s ago", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str]) -> int:
    return is_alive(*arguments[1:3]) if arguments[0] == "--alive" else answers(*arguments[:2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
