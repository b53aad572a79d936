#!/bin/sh
# engine.sh ROOT WORK HIERARCHY…: dockerd of the Debian root ROOT, with namespaces, cgroups and a
# network of its own. WORK is seen inside at its own path: the daemon reads bind mounts there.
# Each HIERARCHY is a cgroup (v1) folder made for it; it is joined before the namespaces are made.
set -eu
ROOT=$1
WORK=$2
shift 2
for folder in "$@"; do
    echo $$ > "$folder/cgroup.procs"
done
export ROOT WORK
exec unshare --mount --net --pid --ipc --uts --cgroup --fork --kill-child=SIGKILL \
    --propagation=private sh "$(dirname "$0")/inside.sh" "$@"
