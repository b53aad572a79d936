#!/bin/sh
# The second half of engine.sh, inside the namespaces: what dockerd sees of this machine.
# Not on /tmp or /run of the machine: WORK may lie there, and a file system over it would hide it.
set -eu
hostname compose-test
mount --bind "$ROOT" "$ROOT"
mkdir -p "$ROOT$WORK" "$ROOT/before" "$ROOT/var/lib/docker"
mount --bind "$WORK" "$ROOT$WORK"
mount --bind "$WORK/docker" "$ROOT/var/lib/docker"
mount -t tmpfs tmpfs "$ROOT/run"
mount -t proc proc "$ROOT/proc"
mount -t sysfs sysfs "$ROOT/sys"
mount -t tmpfs tmpfs "$ROOT/sys/fs/cgroup"
for folder in "$@"; do
    name=$(basename "$(dirname "$folder")")
    mkdir "$ROOT/sys/fs/cgroup/$name"
    case $name in
        systemd) options=none,name=systemd ;;
        *) options=$name ;;
    esac
    mount -t cgroup -o "$options" cgroup "$ROOT/sys/fs/cgroup/$name"
done
mount --rbind /dev "$ROOT/dev"
cd "$ROOT"
# runc pivots itself, which takes a root that is a mount point: a chroot would not do.
pivot_root . before
cd /
umount -l /before
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
ip link set lo up
# Where containers find the control plane: its certificate already holds this address.
ip address add 10.96.0.1/32 dev lo
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 'nameserver 10.0.2.3' > /etc/resolv.conf
exec dockerd --host "unix://$WORK/docker.sock" --data-root /var/lib/docker \
    --exec-root /run/docker --pidfile /run/docker.pid --storage-driver overlay2
