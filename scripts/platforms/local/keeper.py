"""The keeper of a dyno: a small parent process that makes sure that a dyno never outlives its owner.

    python keeper.py GRACE COMMAND

runs `sh -c COMMAND` in a session, and so a process group, of its own. Its three standard streams are the owner's pipes:
- standard input is the lifeline. When it closes, because the owner asks for the end or because the owner died in
  whatever way, SIGKILL included, the keeper sends the group SIGTERM and, GRACE seconds later, SIGKILL;
- standard output gets all that the command prints;
- standard error gets two lines of the keeper's: the web process's id when it runs, and its exit status when it ended,
  as a shell reports it: 128 + N for a process that signal N ended.
When the web process ends by itself, what it left in the group is killed. On Linux the web process is killed also when
the keeper is, and a stopped keeper goes on when its owner dies (PR_SET_PDEATHSIG, prctl(2)).

It is run by its path in Python's isolated mode, so it imports nothing but the standard library.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the command of the command line until it ends or its owner lets go."""
    grace, command = float(sys.argv[1]), sys.argv[2]
    keeper = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def end_with_keeper() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
            if os.getppid() != keeper:  # it was killed before that
                os._exit(1)

    if libc:
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGCONT))
    web = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=end_with_keeper,  # noqa: PLW1509 - there is no other thread yet
    )
    _report(web.pid)
    ended = threading.Event()
    threading.Thread(target=_end_with_owner, args=(web.pid, ended, grace), daemon=True).start()
    code = web.wait()
    ended.set()
    _signal_group(web.pid, signal.SIGKILL)
    _report(code if code >= 0 else 128 - code)
    os._exit(0)  # the thread may still be waiting for the owner


def _report(number: int) -> None:
    """Tell the owner a number, if it is still there."""
    with contextlib.suppress(BrokenPipeError):
        os.write(2, b"%d\n" % number)


def _end_with_owner(group: int, ended: threading.Event, grace: float) -> None:
    """Wait until the owner lets go, then end the group."""
    while os.read(0, 64):
        pass
    _signal_group(group, signal.SIGTERM)
    _signal_group(group, signal.SIGCONT)  # a stopped process would not get the other one
    if not ended.wait(grace):
        _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to all processes of a group, if there are any left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(group, number)


if __name__ == "__main__":
    main()
