"""Ask a page of a portal from inside a container: exit code 0 if it answers 200.

    python deploy/healthcheck.py 127.0.0.1:8000 /healthz

The portal answers only for hosts it was told to serve, so the first of these is named.
"""
# ruff: noqa: INP001 - a script of the image, not part of a package

import http.client
import os
import sys

ANSWER_SECONDS = 4


def main(address: str, path: str) -> int:
    host = os.environ.get("BULKHEAD_ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"{address}{path}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
