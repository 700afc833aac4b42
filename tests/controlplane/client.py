"""A small Kubernetes client over requests: objects are dicts, an answer that is no success is an ApiError."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests
import urllib3
import yaml
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from controlplane.waiting import wait_for

Object = dict[str, Any]
Objects = list[Object]

CRD = "CustomResourceDefinition"

BUSY = Retry(
    total=None,
    connect=0,
    read=0,
    redirect=0,
    other=0,
    status=5,
    status_forcelist=[429],
    allowed_methods=None,
    backoff_factor=0.1,
    raise_on_status=False,
)
"""A 429 is asked again, after the seconds that it names, as every client of Kubernetes does."""


class ApiError(Exception):
    """The API server's refusal: HTTP code, reason and message of its Status."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """Keep the parts of the Status."""
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message


class NotFoundError(ApiError, LookupError):
    """404: there is no such object, or no such resource yet."""


@dataclass(frozen=True)
class Resource:
    """Where objects of one kind live."""

    api_version: str
    plural: str
    namespaced: bool


class Client:
    """Talks to one API server as one user. Safe to use from several threads."""

    def __init__(
        self,
        server: str,
        token: str = "",
        *,
        certificate: tuple[str, str] | None = None,
        user_agent: str = "object-syncer-tests",
        timeout: float = 30,
    ) -> None:
        """Talk to `server` with a token or a client certificate (cert file, key file); serving certs go unchecked."""
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.server = server.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # else REQUESTS_CA_BUNDLE overrides verify
        self._session.verify = False
        self._session.cert = certificate
        self._session.mount("https://", HTTPAdapter(pool_maxsize=64, max_retries=BUSY))
        self._session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._resources: dict[tuple[str, str], Resource] = {}

    def raw(self, method: str, path: str, body: bytes | None = None, **options: Any) -> requests.Response:
        """Send one request and return the response, or raise ApiError."""
        response = self._session.request(method, self.server + path, data=body, timeout=self._timeout, **options)
        if not response.ok:
            raise _error(response)
        return response

    def call(self, method: str, path: str, body: object = None, *, content_type: str = "json", **query: str) -> Any:
        """Send `body` as application/`content_type` and return the decoded answer."""
        response = self.raw(
            method,
            path,
            None if body is None else orjson.dumps(body),
            params=query,
            headers={"Content-Type": f"application/{content_type}"},
        )
        return orjson.loads(response.content)

    def username(self) -> str:
        """Return the name under which the API server knows this client."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self.call("POST", path_of("authentication.k8s.io/v1", "selfsubjectreviews"), review)
        return str(answer["status"]["userInfo"]["username"])

    # Reading

    def get(self, api_version: str, plural: str, namespace: str | None, name: str) -> Object:
        """Return the object; NotFoundError if there is none."""
        return _object(self.call("GET", path_of(api_version, plural, namespace, name)))

    def find(self, api_version: str, plural: str, namespace: str | None, name: str) -> Object | None:
        """Return the object, or None if there is none."""
        try:
            return self.get(api_version, plural, namespace, name)
        except NotFoundError:
            return None

    def gone(self, api_version: str, plural: str, namespace: str | None, name: str) -> bool:
        """Whether there is no such object."""
        return self.find(api_version, plural, namespace, name) is None

    def list(self, api_version: str, plural: str, namespace: str | None = None, labels: str = "") -> Objects:
        """Return the objects of one namespace, or of all; `labels` is a label selector."""
        query = {"labelSelector": labels} if labels else {}
        answer = self.call("GET", path_of(api_version, plural, namespace), **query)
        kind = answer["kind"].removesuffix("List")
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]

    # Writing

    def create(self, obj: Object) -> Object:
        """Create the object."""
        return _object(self.call("POST", self._path(obj, named=False), obj))

    def replace(self, obj: Object, *, subresource: str = "") -> Object:
        """Replace the object (or its `subresource`); it conflicts if its resourceVersion is not the current one."""
        return _object(self.call("PUT", self._path(obj, subresource=subresource), obj))

    def patch(
        self,
        api_version: str,
        plural: str,
        namespace: str | None,
        name: str,
        patch: object,
        *,
        subresource: str = "",
    ) -> Object:
        """Patch the object: a dict is a JSON merge patch, a list a JSON patch."""
        content_type = "json-patch+json" if isinstance(patch, list) else "merge-patch+json"
        path = path_of(api_version, plural, namespace, name, subresource)
        return _object(self.call("PATCH", path, patch, content_type=content_type))

    def patch_status(self, api_version: str, plural: str, namespace: str | None, name: str, status: object) -> Object:
        """Merge `status` into the object's status."""
        return self.patch(api_version, plural, namespace, name, {"status": status}, subresource="status")

    def apply(self, obj: Object, *, manager: str = "tests", force: bool = True, subresource: str = "") -> Object:
        """Apply the object on the server's side as field manager `manager`."""
        path = self._path(obj, subresource=subresource)
        query = {"fieldManager": manager, "force": str(force).lower()}
        return _object(self.call("PATCH", path, obj, content_type="apply-patch+yaml", **query))

    def dry_run(self, obj: Object) -> Object:
        """Ask what applying the object would make of it; unknown fields are an error."""
        query = {"fieldManager": "tests", "force": "true", "dryRun": "All", "fieldValidation": "Strict"}
        return _object(self.call("PATCH", self._path(obj), obj, content_type="apply-patch+yaml", **query))

    def delete(
        self, api_version: str, plural: str, namespace: str | None, name: str, *, propagation: str = "Background"
    ) -> None:
        """Delete the object; NotFoundError if there is none."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        self.call("DELETE", path_of(api_version, plural, namespace, name), body)

    def apply_yaml(self, text: str | Iterable[Object], *, manager: str = "tests") -> Objects:
        """Apply each document of a YAML stream, in order; a CRD is waited for until it is served."""
        documents = yaml.safe_load_all(text) if isinstance(text, str) else text
        return [self._apply_served(document, manager) for document in documents if document]

    def _apply_served(self, document: Object, manager: str) -> Object:
        applied = self.apply(document, manager=manager)
        if document["kind"] == CRD:
            wait_for(lambda: self._is_served(document), 30, f"CRD {document['metadata']['name']} served")
        return applied

    def _is_served(self, crd: Object) -> bool:
        live = self.get(crd["apiVersion"], "customresourcedefinitions", None, crd["metadata"]["name"])
        conditions = live.get("status", {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions) and all(
            self.resource(f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
            for version in crd["spec"]["versions"]
            if version["served"]
        )

    # Discovery

    def resource_of(self, obj: Mapping[str, Any]) -> Resource:
        """Return where this object lives."""
        return self.resource(obj["apiVersion"], obj["kind"])

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where objects of the kind live, from a cache that a kind it does not know refreshes."""
        key = (api_version, kind)
        if key not in self._resources:
            for found in self.call("GET", _root(api_version))["resources"]:
                if "/" not in found["name"]:
                    self._resources[api_version, found["kind"]] = Resource(
                        api_version, found["name"], found["namespaced"]
                    )
        if key not in self._resources:
            raise NotFoundError(404, "NotFound", f"the server does not know {kind} in {api_version}")
        return self._resources[key]

    def _path(self, obj: Object, *, named: bool = True, subresource: str = "") -> str:
        resource = self.resource_of(obj)
        meta = obj["metadata"]
        namespace = meta.get("namespace", "default") if resource.namespaced else None
        return path_of(
            resource.api_version, resource.plural, namespace, meta.get("name", "") if named else "", subresource
        )


def path_of(api_version: str, plural: str, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
    """Return the URL path of a collection, an object or its subresource."""
    parts = [_root(api_version)]
    if namespace is not None:
        parts += ["namespaces", namespace]
    return "/".join([*parts, plural, *filter(None, [name, subresource])])


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _object(decoded: Any) -> Object:
    if not isinstance(decoded, dict):
        raise TypeError(f"expected an object, got {decoded!r}")
    return decoded


def _error(response: requests.Response) -> ApiError:
    try:
        status = orjson.loads(response.content)
        reason, message = status.get("reason", ""), status.get("message", "")
    except (orjson.JSONDecodeError, AttributeError):
        reason, message = response.reason, response.text
    kind = NotFoundError if response.status_code == 404 else ApiError
    return kind(response.status_code, reason, message)
