"""One call of a hook: its URL, the fields its answer may have, and the answers that crash the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from memcluster.errors import EngineCrash, SyncError
from memcluster.objects import Json, copy

Headers = dict[str, str]
"""If-None-Match of a request; the hook adds the ETag of its answer."""

CallHook = Callable[[str, Json, Headers], Json]
"""Called with the full URL, the request body and the headers; returns the response body or raises HookError."""

COMPOSITE_ANSWER = frozenset({"status", "children", "resyncAfterSeconds", "finalized"})
DECORATOR_ANSWER = frozenset({"labels", "annotations", "status", "attachments", "resyncAfterSeconds", "finalized"})
CUSTOMIZE_ANSWER = frozenset({"relatedResources"})

_TYPES: dict[str, tuple[type, ...]] = {
    "status": (dict,),
    "labels": (dict,),
    "annotations": (dict,),
    "children": (list,),
    "attachments": (list,),
    "relatedResources": (list,),
    "resyncAfterSeconds": (int, float),
    "finalized": (bool,),
}
_RULE_FIELDS = frozenset({"apiVersion", "resource", "labelSelector", "namespaceSelector", "namespace", "names"})


@dataclass(frozen=True)
class Webhook:
    """A hook of a controller: its full URL, whether an unknown field in its answer is an error, whether it has ETags.

    The ETag of an answer is sent with the next call for the same parent.
    """

    url: str
    strict: bool
    etag: bool = False


def webhook(hook: Json | None) -> Webhook | None:
    """Return the webhook of a hook definition, None if the hook is not defined."""
    if hook is None:
        return None
    if hook.get("version") != "v2":
        raise SyncError("only hooks of version v2 are simulated")
    config = hook.get("webhook") or {}
    strict = (config.get("responseUnMarshallMode") or "strict") == "strict"
    return Webhook(_url(config), strict, etag=bool((config.get("etag") or {}).get("enabled")))


def _url(config: Json) -> str:
    if config.get("url"):
        return str(config["url"])
    service, path = config.get("service"), config.get("path")
    if not service or path is None:
        raise SyncError("invalid webhook config: must specify either a full 'url', or both 'service' and 'path'")
    if not service.get("name") or not service.get("namespace"):
        raise SyncError("invalid webhook config: 'service' must specify both 'name' and 'namespace'")
    protocol, port = service.get("protocol") or "http", service.get("port") or 80
    return f"{protocol}://{service['name']}.{service['namespace']}:{port}{path}"


def ask(call_hook: CallHook, hook: Webhook, body: Json, fields: frozenset[str], headers: Headers) -> Json:
    """Call a hook with a copy of the body and return its answer: those of `fields` that are not null.

    Raises SyncError if a field has the wrong type, EngineCrash for what would crash the real engine.
    """
    answer = call_hook(hook.url, copy(body), headers)
    if not isinstance(answer, dict):
        raise SyncError(f"can't unmarshal webhookResponse: {type(answer).__name__} instead of an object")
    pause = answer.get("resyncAfterSeconds")  # the one float; without it, copying need not look for others
    answer = copy({key: value for key, value in answer.items() if key != "resyncAfterSeconds"})
    if pause is not None:
        answer["resyncAfterSeconds"] = pause
    unknown = sorted(answer.keys() - fields)
    if unknown and hook.strict:
        raise SyncError(f"strict validation failed for v2 webhookResponse: unknown field {', '.join(unknown)}")
    known = {field: value for field, value in answer.items() if field in fields and value is not None}
    for field, value in known.items():
        _check_type(field, value)
    _check_rules(known.get("relatedResources") or [], hook)
    return known


def _check_type(field: str, value: Any) -> None:
    expected = _TYPES[field]
    fits = isinstance(value, expected) and not (isinstance(value, bool) and bool not in expected)
    if not fits:
        raise SyncError(f"can't unmarshal webhookResponse: {field} is a {type(value).__name__}")
    if field in ("labels", "annotations"):
        _check_strings(field, dict(value))
    if field in ("children", "attachments"):
        _check_objects(field, list(value))


def _check_strings(field: str, value: Mapping[str, Any]) -> None:
    for key, item in value.items():
        if item is not None and not isinstance(item, str):
            raise SyncError(f"can't unmarshal webhookResponse: {field}.{key} is not a string")


def _check_objects(field: str, objects: list[Any]) -> None:
    for obj in objects:
        if obj is None:
            raise EngineCrash(f"the answer has null in {field}: the real engine dereferences it and crashes")
        if not isinstance(obj, dict) or not obj.get("kind"):
            raise SyncError(f"can't unmarshal webhookResponse: Object 'Kind' is missing in {field}")


def _check_rules(rules: list[Any], hook: Webhook) -> None:
    for rule in rules:
        if rule is None:
            raise EngineCrash("the answer has null in relatedResources: the real engine dereferences it and crashes")
        unknown = sorted(rule.keys() - _RULE_FIELDS)
        if unknown and hook.strict:
            raise SyncError(f"strict validation failed for v2 webhookResponse: unknown field {', '.join(unknown)}")
