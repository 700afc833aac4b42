"""Which copies there are, as a watch tells: waiting for them costs the API server next to nothing."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import orjson
import requests

from controlplane.client import Object, path_of
from controlplane.control_plane import ControlPlane

NAMESPACE_PREFIX = "team-"
"""Namespaces in which copies are counted."""

VERSION = "version"
"""The key of a source's data that says which version it is."""


class Copies:
    """Counts ConfigMaps in the namespaces `team-*` by name and version of their data."""

    def __init__(self, cluster: ControlPlane) -> None:
        """Watch nothing yet."""
        self._client = cluster.client(timeout=3600)
        self._seen: dict[tuple[str, str], str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._changes: Counter[tuple[str, str]] = Counter()
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin to watch; the watch ends with the API server."""
        answer = self._client.call("GET", path_of("v1", "configmaps"))
        for item in answer["items"]:
            self._note("ADDED", item)
        query = {"watch": "true", "resourceVersion": answer["metadata"]["resourceVersion"]}
        response = self._client.raw("GET", path_of("v1", "configmaps"), params=query, stream=True)
        threading.Thread(target=self._follow, args=(response,), daemon=True).start()

    def count(self, name: str, version: str) -> int:
        """Return how many copies of that name have that version."""
        return self._counts[name, version]

    def version(self, namespace: str, name: str) -> str | None:
        """Return the version of one copy, None if there is none."""
        return self._seen.get((namespace, name))

    def changes(self, namespace: str, name: str) -> int:
        """Return how often a copy was created, changed or deleted, as far as the watch tells."""
        return self._changes[namespace, name]

    def wait(self, reached: Callable[[], bool], timeout: float, what: str) -> float:
        """Wait until `reached` and return the seconds that took; raise TimeoutError after `timeout` seconds."""
        started = time.monotonic()
        with self._changed:
            if not self._changed.wait_for(reached, timeout):
                raise TimeoutError(f"{what}: not within {timeout:g} s")
        return time.monotonic() - started

    def _follow(self, response: requests.Response) -> None:
        with suppress(requests.RequestException):
            for line in response.iter_lines(chunk_size=1 << 16):
                event = orjson.loads(line)
                self._note(event["type"], event["object"])

    def _note(self, event: str, obj: Object) -> None:
        where = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        if not where[0].startswith(NAMESPACE_PREFIX):
            return
        with self._changed:
            self._changes[where] += 1
            before = self._seen.pop(where, None)
            if before is not None:
                self._counts[where[1], before] -= 1
            if event != "DELETED":
                version = (obj.get("data") or {}).get(VERSION, "")
                self._seen[where] = version
                self._counts[where[1], version] += 1
            self._changed.notify_all()
