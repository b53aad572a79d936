"""Run a program that ends when the process that started it ends.

Called as a script: `tether.py PARENT_PID SIGNAL ACCOUNT PROGRAM [ARGUMENT…]`; ACCOUNT is `uid:gid`
or `-`. The kernel delivers the signal when the parent's thread ends, even by SIGKILL (prctl(2),
PR_SET_PDEATHSIG); the setting survives execve(2), so the program itself needs to know nothing.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal_number: int, account: str, command: list[str]) -> None:
    """Become `command`. Leaves with a message when the parent is gone already."""
    libc = ctypes.CDLL(None)
    if account != "-":
        become(account)
    # After the change of account: that clears the setting.
    libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the process that asked for this one has ended")
    os.execvp(command[0], command)


def become(account: str) -> None:
    """Give up this account for another. Done here, where Python itself is already loaded: the
    other account may not be able to reach it."""
    uid, _, gid = account.partition(":")
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
