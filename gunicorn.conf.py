"""How the portal is served, by whoever runs `gunicorn portal.wsgi` here: gunicorn reads this file.

Address and number of processes are said on the command line (Procfile, deploy/Dockerfile).
"""

import os
from importlib import import_module
from shutil import rmtree
from tempfile import mkdtemp

from django.apps import apps
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

worker_class = "portal.web_worker.WholeRequests"
threads = 8
graceful_timeout = 10  # what was asked is answered first
timeout = 30  # a process whose loop does not turn for so long is replaced
loglevel = "warning"
control_socket_disable = True

# Where /metrics is served, its processes add up what they answered in files of one folder.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
made = ""
if os.environ.get("BULKHEAD_METRICS_TOKEN") and FOLDER not in os.environ:
    os.environ[FOLDER] = made = mkdtemp(prefix="bulkhead-metrics-")


def post_worker_init(_worker: Worker) -> None:
    """Have the process say that it lives, if it is the portal that was loaded."""
    if apps.ready:
        import_module("portal.heart").start()


def on_exit(_server: Arbiter) -> None:
    """Remove the folder of the metrics, if it was made here."""
    rmtree(made, ignore_errors=True)
