"""Programs under test: started with a log file, polled until ready, stopped by pid and waited for."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from controlplane.waiting import wait_for

# Below the kernel's ephemeral range: a client that redials a stopped server could otherwise be given that very port
# as its own, and the server's restart would fail.
PORTS = range(20000, 32000)


_reserved: list[socket.socket] = []
"""One for each port that was given out; they end with this process."""


class PortTakenError(RuntimeError):
    """A program exited at start because somebody else listens on its port."""


def free_port() -> int:
    """Return a loopback port that nobody listens on, and that no other test session is given."""
    for port in random.sample(PORTS, 100):
        if _is_free(port) and _reserve(port):
            return port
    raise OSError("no free loopback port among 100 tried")


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(port: int) -> bool:
    """Take a name that only one process of the machine can have; the kernel gives it back when the process ends."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0object-syncer-tests-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


class Process:
    """One program in a process group of its own; it can be started again after it was stopped or killed."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        ready: Callable[[], object],
        ready_within: float = 30,
        grace: float = 20,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the program.

        `ready` is polled after start, for `ready_within` seconds, and may raise OSError while the program is not up;
        `grace` is how many seconds `stop` leaves it between SIGTERM and SIGKILL.
        """
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._ready = ready
        self._ready_within = ready_within
        self._grace = grace
        self._environment = dict(environment or {})
        self._popen: subprocess.Popen[bytes] | None = None
        self._started_at = 0  # in the log

    @property
    def pid(self) -> int:
        """The running program's process id."""
        if self._popen is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the program is started and has not exited."""
        return self._popen is not None and self._popen.poll() is None

    def start(self, *, wait: bool = True) -> None:
        """Start the program, by default until it is ready. Its output is appended to the log."""
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        with self.log.open("ab") as log:
            self._started_at = log.tell()
            self._popen = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.kill()
                raise

    def wait_ready(self) -> None:
        """Wait until the program answers; a program that exits instead fails at once, with the end of its log."""

        def ready_or_gone() -> bool:
            return not self.running or bool(self._ready())

        try:
            wait_for(ready_or_gone, self._ready_within, f"{self.name} ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log}:\n{self.tail()}") from None
        if not self.running:
            taken = b"address already in use" in self.log.read_bytes()[self._started_at :].lower()
            kind = PortTakenError if taken else RuntimeError
            raise kind(f"{self.name} exited at start\n{self.log}:\n{self.tail()}")

    def stop(self) -> None:
        """Ask the program to end (SIGTERM) and wait for it; what is left after its grace is killed."""
        if self._popen is None:
            return
        if self.running:
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(self._grace)
        self.kill()

    def kill(self) -> None:
        """End the program and its children at once (SIGKILL) and wait for it."""
        if self._popen is None:
            return
        self._signal(signal.SIGKILL)
        self._popen.wait()
        self._popen = None

    def restart(self) -> None:
        """Stop the program if it runs, and start it again."""
        self.stop()
        self.start()

    def tail(self, lines: int = 30) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def cpu_seconds(self) -> float:
        """Return the processor time that the program and its living children have used."""
        return sum(_cpu_seconds(pid) for pid in _group(self.pid))

    def resident_bytes(self) -> int:
        """Return the memory that the program and its children hold."""
        return sum(_resident_bytes(pid) for pid in _group(self.pid))

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _group(leader: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _group_of(pid) == leader]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return 0
