"""etcd, kube-apiserver and kube-controller-manager on loopback, with RBAC, an audit log and a user per program.

Tests that need no more than some cluster take a Cluster: this one, or the one that KUBECONFIG names (external.py).
"""

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import orjson
import requests
import yaml

from controlplane.client import ApiError, Client
from controlplane.processes import PortTakenError, Process, free_port

BINARIES = Path(__file__).parents[2] / ".control-plane" / "bin"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")

ATTEMPTS = 3
"""How often a control plane is started before taken ports are an error."""

MASTERS = "system:masters"
ADMIN = "admin"
ENGINE = "engine"
ALICE = "alice"
CONTROLLER_MANAGER = "kube-controller-manager"
KUBE_CONTROLLER_MANAGER = "system:kube-controller-manager"
"""What kube-controller-manager is in a cluster whose controllers have no ServiceAccounts of their own."""

USERS: Mapping[str, Sequence[str]] = {
    ADMIN: (MASTERS,),
    ENGINE: (MASTERS,),
    ALICE: (),
    CONTROLLER_MANAGER: (MASTERS,),
    KUBE_CONTROLLER_MANAGER: (),
}

# One line per request: watches when they start, all else when it is answered.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [
        {"level": "Metadata", "verbs": ["watch"], "omitStages": ["RequestReceived", "ResponseComplete"]},
        {"level": "Metadata", "omitStages": ["RequestReceived"]},
    ],
}


def missing_programs() -> list[str]:
    """Return which programs of the control plane are not built; none are needed where KUBECONFIG is set."""
    if os.environ.get("KUBECONFIG"):
        return []
    return [program for program in PROGRAMS if not (BINARIES / program).exists()]


@dataclass(frozen=True)
class AuditEntry:
    """One request that the API server has answered; `resource` reads `pods`, `deployments.apps`, `pods/status`."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int


_LONGEST_LINE = 1 << 16


class AuditLog:
    """What the API server was asked, by whom. A mark is a position in the log."""

    def __init__(self, path: Path) -> None:
        """Read the log at `path`."""
        self.path = path

    def mark(self) -> int:
        """Return the position of what comes next; a line that is being written counts as next."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _LONGEST_LINE))
            return size - len(log.read(_LONGEST_LINE).rpartition(b"\n")[2])

    def entries(self, since: int = 0) -> Iterator[AuditEntry]:
        """Yield the requests for objects that were answered after the mark."""
        with self.path.open("rb") as log:
            log.seek(since)
            for line in log:
                if line.endswith(b"\n"):
                    entry = orjson.loads(line)
                    if "objectRef" in entry:
                        yield _audit_entry(entry)

    def count(self, since: int = 0, *, user: str | None = None) -> Counter[tuple[str, str, str]]:
        """Count requests by (user, verb, resource), of one user or of all."""
        return Counter(
            (entry.user, entry.verb, entry.resource)
            for entry in self.entries(since)
            if user is None or entry.user == user
        )


def _audit_entry(entry: Mapping[str, Any]) -> AuditEntry:
    ref = entry["objectRef"]
    resource = ".".join(filter(None, [ref.get("resource", ""), ref.get("apiGroup", "")]))
    return AuditEntry(
        user=entry["user"].get("username", ""),
        verb=entry["verb"],
        resource="/".join(filter(None, [resource, ref.get("subresource", "")])),
        namespace=ref.get("namespace", ""),
        name=ref.get("name", ""),
        code=entry.get("responseStatus", {}).get("code", 0),
    )


class Cluster(Protocol):
    """A Kubernetes cluster that tests may fill."""

    server: str

    def client(self, user: str = ADMIN) -> Client:
        """Return a client that is `user`."""

    def kubeconfig(self, user: str = ADMIN) -> Path:
        """Return a kubeconfig file that is `user`."""


class ControlPlane:
    """A Kubernetes API server with storage, garbage collection and namespace deletion, but no nodes.

    `etcd`, `api_server` and `controller_manager` are Processes: a test may kill or restart each.
    """

    def __init__(
        self,
        directory: Path,
        *,
        users: Mapping[str, Sequence[str]] | None = None,
        api_server_flags: Sequence[str] = (),
    ) -> None:
        """Prepare a control plane in `directory`; `users` (name: groups) adds to USERS and changes their groups."""
        self.directory = directory
        self.audit = AuditLog(directory / "audit.log")
        self._users = {**USERS, **(users or {})}
        self._tokens = {user: secrets.token_hex(16) for user in self._users}
        self._more_api_server_flags = api_server_flags
        self._prepare()

    def _prepare(self) -> None:
        """Choose ports, and describe the programs that use them."""
        directory, port, etcd = self.directory, free_port(), _loopback()
        self.server = f"https://127.0.0.1:{port}"
        self._write_files()
        self.etcd = self._process("etcd", _etcd_flags(directory, etcd), lambda: answers(f"{etcd}/readyz"))
        self.api_server = self._process(
            "kube-apiserver",
            [*self._api_server_flags(port, etcd), *self._more_api_server_flags],
            self._api_server_ready,
        )
        self.controller_manager = self._process(
            "kube-controller-manager", self._controller_manager_flags(), self._controllers_ready
        )

    def start(self) -> None:
        """Start the programs and wait until each does its work; on other ports where one of theirs is taken."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                for process in (self.etcd, self.api_server, self.controller_manager):
                    process.start()
                return
            except PortTakenError:
                self.stop()
                if attempt == ATTEMPTS:
                    raise
                self._prepare()
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop the programs."""
        self.controller_manager.kill()  # nothing in it is worth a graceful end
        self.api_server.stop()
        self.etcd.stop()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def client(self, user: str = ADMIN, *, timeout: float = 30) -> Client:
        """Return a client that is `user`."""
        return Client(self.server, self._tokens[user], timeout=timeout, user_agent=f"object-syncer-tests/{user}")

    def kubeconfig(self, user: str = ADMIN) -> Path:
        """Return a kubeconfig file that is `user`."""
        return self.directory / f"{user.replace(':', '-')}.kubeconfig"

    def _process(self, program: str, flags: Sequence[str], ready: Callable[[], bool]) -> Process:
        return Process(
            program,
            [BINARIES / program, *flags],
            self.directory / f"{program}.log",
            ready=ready,
            ready_within=60,
            grace=2,  # the API server would wait a minute for its watchers
        )

    def _write_files(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "audit-policy.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
        tokens = [f'{self._tokens[user]},{user},{user},"{",".join(groups)}"' for user, groups in self._users.items()]
        (self.directory / "tokens.csv").write_text("\n".join(tokens) + "\n")
        for user, token in self._tokens.items():
            self.kubeconfig(user).write_text(yaml.safe_dump(kubeconfig(self.server, user, token)))

    def _api_server_flags(self, port: int, etcd: str) -> list[str]:
        certificates = self.directory / "certificates"
        key = certificates / "apiserver.key"  # written by the API server itself when it is not there
        return [
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={certificates}",
            f"--token-auth-file={self.directory / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={self.directory / 'audit-policy.yaml'}",
            f"--audit-log-path={self.audit.path}",
            "--audit-log-maxsize=100000",
            "--max-requests-inflight=2000",
            "--max-mutating-requests-inflight=1000",
        ]

    def _controller_manager_flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig(CONTROLLER_MANAGER)}",
            "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller",
            "--leader-elect=false",
            "--secure-port=0",  # it serves nothing that anybody asks for
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--concurrent-namespace-syncs=20",
        ]

    def _api_server_ready(self) -> bool:
        try:
            return self.client().raw("GET", "/readyz").ok
        except ApiError:
            return False

    def _controllers_ready(self) -> bool:
        return self.client().find("v1", "serviceaccounts", "default", "default") is not None


def kubeconfig(server: str, user: str, token: str) -> dict[str, object]:
    """Return a kubeconfig with one context."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": user,
        "contexts": [{"name": user, "context": {"cluster": "tests", "user": user}}],
        "clusters": [{"name": "tests", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": user, "user": {"token": token}}],
    }


def _etcd_flags(directory: Path, url: str) -> list[str]:
    peer_url = _loopback()
    return [
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _loopback() -> str:
    return f"http://127.0.0.1:{free_port()}"


def answers(url: str) -> bool:
    """Whether a GET of the URL succeeds, without any proxy of the environment."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=5).ok
