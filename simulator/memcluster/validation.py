"""What the API server refuses: invalid names and labels, two controllers, changes of immutable fields."""

from __future__ import annotations

import re
from typing import Any

from memcluster.errors import conflict, invalid
from memcluster.objects import Json, finalizers_of, is_terminating, labels_of, metadata, name_of, owners_of
from memcluster.resources import Resource
from memcluster.schema import problems

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_PATH_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%]+")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")

_ENDS = "and must start and end with an alphanumeric character"
_SUBDOMAIN_RULE = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS} "
    "(e.g. 'example.com')"
)
_DNS_LABEL_RULE = (
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ENDS} "
    "(e.g. 'my-name' or '123-abc')"
)
_QUALIFIED_RULE = f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"

_NAMED_BY_DNS_LABEL = {("", "namespaces"), ("", "services")}
_GROUP_WITH_FREE_NAMES = "rbac.authorization.k8s.io"

_IMMUTABLE: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "secrets"): ("type",),
    ("", "persistentvolumeclaims"): ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ("apps", "deployments"): ("spec.selector",),
    ("apps", "daemonsets"): ("spec.selector",),
    ("apps", "replicasets"): ("spec.selector",),
    ("", "resourcequotas"): ("spec.scopes",),
    ("apps", "statefulsets"): (
        "spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates",
    ),
    ("batch", "jobs"): ("spec.selector", "spec.template", "spec.completions", "spec.completionMode"),
    ("discovery.k8s.io", "endpointslices"): ("addressType",),
    ("rbac.authorization.k8s.io", "rolebindings"): ("roleRef",),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): ("roleRef",),
    ("scheduling.k8s.io", "priorityclasses"): ("value",),
    ("storage.k8s.io", "storageclasses"): ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}  # fmt: skip
_IMMUTABLE_BY_FLAG = ("data", "binaryData", "immutable")


def check(resource: Resource, old: Json | None, new: Json) -> None:
    """Raise 422 if the API server would not accept `new` in place of `old` (None: as a new object)."""
    if old is None:
        _check_name(resource, name_of(new))
    _check_labels(resource, new)
    _check_schema(resource, old, new)
    if sum(1 for owner in owners_of(new) if owner.get("controller")) > 1:
        raise _refusal(resource, new, "metadata.ownerReferences: Only one reference can have Controller set to true")
    if old is not None:
        _check_immutable(resource, old, new)
        if is_terminating(old) and not set(finalizers_of(new)) <= set(finalizers_of(old)):
            raise _refusal(
                resource,
                new,
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
            )


def check_preconditions(resource: Resource, sent: Json, live: Json) -> None:
    """Raise 409 if a request names another uid or resourceVersion than the live object has."""
    for field in ("uid", "resourceVersion"):
        wanted = metadata(sent).get(field)
        if wanted and wanted != metadata(live).get(field):
            raise conflict(
                f'Operation cannot be fulfilled on {resource.plural} "{name_of(live)}": '
                "the object has been modified; please apply your changes to the latest version and try again"
            )


def _check_name(resource: Resource, name: str) -> None:
    if resource.group == _GROUP_WITH_FREE_NAMES:
        pattern, longest, rule = _PATH_SEGMENT, 253, "may not be '.' or '..' and may not contain '/' or '%'"
    elif resource.key in _NAMED_BY_DNS_LABEL:
        pattern, longest, rule = _DNS_LABEL, 63, _DNS_LABEL_RULE
    else:
        pattern, longest, rule = _SUBDOMAIN, 253, _SUBDOMAIN_RULE
    if not name or len(name) > longest or not pattern.fullmatch(name):
        why = rule if len(name) <= longest else f"must be no more than {longest} characters"
        raise invalid(f'{resource.kind} "{name}" is invalid: metadata.name: Invalid value: "{name}": {why}')


def _check_labels(resource: Resource, obj: Json) -> None:
    for key, value in labels_of(obj).items():
        if not _is_label_key(key):
            raise _refusal(resource, obj, f'metadata.labels: Invalid value: "{key}": name part {_QUALIFIED_RULE}')
        if not isinstance(value, str) or len(value) > 63 or (value and not _QUALIFIED.fullmatch(value)):
            why = _QUALIFIED_RULE if len(str(value)) <= 63 else "must be no more than 63 characters"
            raise _refusal(resource, obj, f'metadata.labels: Invalid value: "{value}": a valid label {why}')
    for key, value in (metadata(obj).get("annotations") or {}).items():
        if not _is_label_key(key.lower()) or not isinstance(value, str):
            raise _refusal(resource, obj, f'metadata.annotations: Invalid value: "{key}"')


def _is_label_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix)):
        return False
    return len(name) <= 63 and bool(_QUALIFIED.fullmatch(name))


def _check_schema(resource: Resource, old: Json | None, new: Json) -> None:
    """Raise 422 for what the schema refuses, except in fields that the write does not change."""
    if not resource.schema:
        return
    unchanged = {key for key, value in new.items() if old and old.get(key) == value}
    for path, message in problems(resource.schema, new, aside=unchanged):
        raise _refusal(resource, new, f"{path}: {message}")


def _check_immutable(resource: Resource, old: Json, new: Json) -> None:
    for path in _IMMUTABLE.get(resource.key, ()):
        if _at(old, path) != _at(new, path):
            raise _refusal(resource, new, f"{path}: field is immutable")
    if resource.group == "" and resource.plural in ("configmaps", "secrets") and old.get("immutable"):
        for field in _IMMUTABLE_BY_FLAG:
            if (old.get(field) or None) != (new.get(field) or None):
                raise _refusal(resource, new, f"{field}: Forbidden: field is immutable when `immutable` is set")


def _at(obj: Any, path: str) -> Any:
    for key in path.split("."):
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj


def _refusal(resource: Resource, obj: Json, why: str) -> Exception:
    return invalid(f'{resource.kind}.{resource.group} "{name_of(obj)}" is invalid: {why}'.replace('. "', ' "', 1))
