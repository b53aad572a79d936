"""How the portal is served, by whoever runs `gunicorn portal.wsgi` here: gunicorn reads this file.

Address and number of processes are said on the command line (Procfile, deploy/Dockerfile).
"""

worker_class = "portal.web_worker.WholeRequests"
threads = 8
graceful_timeout = 10  # what was asked is answered first
timeout = 30  # a process whose loop does not turn for so long is replaced
loglevel = "warning"
control_socket_disable = True
