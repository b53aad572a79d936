#!/bin/sh
# in_root.sh ROOT COMMAND…: run it in a Debian root, in mount and process namespaces of its own.
# policy-rc.d keeps packages from starting what they install.
set -eu
root=$1
shift
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
exec unshare --mount --pid --fork --kill-child --propagation=private sh -euc '
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"' "$root" "$@"
