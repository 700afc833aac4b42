"""A cluster, read and written with the rights of the person who runs the command. Objects are plain dicts.

Why lightkube: docs/decisions/0020-cluster-client.md.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import httpx2
from lightkube import ApiError, Client, operators
from lightkube.core.exceptions import ConfigError
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.types import CascadeType, PatchType

from object_syncer.cli.live.errors import ClusterError
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType

_ATTEMPTS = 5
_BUSY = (410, 429, 503, 504)
_CHUNK = 500
"""Objects of a list that are asked for at once; a list that takes too long in between ends with 410."""

_T = TypeVar("_T")


class Cluster:
    """One API server, as one user. `name` is how people know it."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._client = client

    def get(self, type_: ResourceType, name: str, namespace: str = "") -> Json | None:
        """Return an object, None if there is none. Raises ClusterError."""
        where = {"namespace": namespace} if type_.namespaced else {}
        found = self._ask(lambda: self._client.get(_resource(type_), name, **where), absent=None)
        return None if found is None else _typed(type_, found)

    def list(self, type_: ResourceType, namespace: str = "", label: str = "") -> list[Json]:
        """Return all objects of a type, with `label` those that have it; none if the type is not served.

        Raises ClusterError.
        """
        where: dict[str, Any] = {"namespace": namespace or "*"} if type_.namespaced else {}
        if label:
            where["labels"] = {label: operators.exists()}

        def read() -> list[Json]:
            return list(self._client.list(_resource(type_), chunk_size=_CHUNK, **where))

        none: list[Json] = []
        return [_typed(type_, item) for item in self._ask(read, absent=none)]

    def patch(self, obj: Json, type_: ResourceType, patch: Json) -> bool:
        """Merge a patch into an object, False if that is gone or was changed since it was read.

        Raises ClusterError.
        """
        meta = obj["metadata"]
        guarded = {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": meta["resourceVersion"]}}
        where = {"namespace": meta["namespace"]} if type_.namespaced else {}

        def write() -> bool:
            self._client.patch(_resource(type_), meta["name"], guarded, patch_type=PatchType.MERGE, **where)
            return True

        try:
            return self._ask(write, absent=False)
        except ClusterError as error:
            if error.code == 409:
                return False
            raise

    def delete(self, obj: Json, type_: ResourceType, *, orphan: bool = False) -> None:
        """Delete an object, if it is there; with `orphan` what it owns stays, without owner. Raises ClusterError."""
        meta = obj["metadata"]
        where = {"namespace": meta["namespace"]} if type_.namespaced else {}
        cascade = CascadeType.ORPHAN if orphan else CascadeType.BACKGROUND
        self._ask(lambda: self._client.delete(_resource(type_), meta["name"], cascade=cascade, **where), absent=None)

    def review(self, type_: ResourceType, review: Json) -> Json:
        """Return the status of a review, for example a SelfSubjectAccessReview. Raises ClusterError."""
        body = {"apiVersion": type_.api_version, "kind": type_.kind, "metadata": {}, **review}
        none: Json = {}
        answer = self._ask(lambda: dict(self._client.create(_resource(type_)(body))), absent=none)
        return answer.get("status") or {}

    def _ask(self, call: Callable[[], _T], absent: _T) -> _T:
        """Return what the API server answers, `absent` for 404; ask again where it is busy."""
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                return call()
            except ApiError as error:
                code = error.status.code or error.response.status_code
                if code == 404:
                    return absent
                if last or code not in _BUSY:
                    raise ClusterError(code, error.status.message or str(error)) from None
            except httpx2.HTTPStatusError as error:  # its body is no Status
                if error.response.status_code == 404:
                    return absent
                if last or error.response.status_code not in _BUSY:
                    raise ClusterError(error.response.status_code, f"{self.name} answers {error}") from None
            except httpx2.HTTPError as error:
                if last:
                    raise ClusterError(0, f"cannot reach {self.name}: {error}") from None
            except (ConfigError, KeyError, ValueError, OSError) as error:  # a credential plugin that does not work
                what = f"{type(error).__name__}: {error}"
                raise ClusterError(0, f"the kubeconfig gives no usable token for {self.name}: {what}") from None
            time.sleep(0.5 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")


@cache
def _resource(type_: ResourceType) -> Any:
    make = create_namespaced_resource if type_.namespaced else create_global_resource
    return make(type_.group, type_.version, type_.kind, type_.plural)


def _typed(type_: ResourceType, obj: Json) -> Json:
    """Return a plain dict; items of lists do not name their type."""
    return {**dict(obj), "apiVersion": type_.api_version, "kind": type_.kind}
