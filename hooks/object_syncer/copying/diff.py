"""Whether an observed copy equals the desired one, where it differs, and what has to be applied to repair it.

Equal means: every desired value is there, nothing that we applied earlier is left over, and under `replace` there are
no keys or list items of others. Fields of others elsewhere (defaults, status, what controllers add) do not count.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from object_syncer.copying import fields, pointers, sanitize
from object_syncer.kube import api, tracking
from object_syncer.kube.meta import Json

_STRING_MAPS = {("v1", "ConfigMap"): ("data", "binaryData"), ("v1", "Secret"): ("data",)}
"""Where `replace` removes foreign keys, beside labels and annotations: maps whose values are plain strings."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One copy, compared. `paths` are JSON pointers of what differs (never values); `apply` repairs it.

    `foreign`: all that differs was added by others, and server-side apply cannot remove it.
    """

    apply: Json
    paths: tuple[str, ...] = ()
    foreign: bool = False

    @property
    def equal(self) -> bool:
        """Tell whether nothing differs."""
        return not self.paths

    @property
    def is_surplus(self) -> bool:
        """Tell whether nothing differs but what is in the copy and not wanted."""
        return not any(_is_in(self.apply, path) for path in self.paths)


def compare(
    desired: Json, observed: Json | None, replace: bool, repair: bool = True, insists: bool = False
) -> Comparison:
    """Compare a copy as it should be with the one observed (None: there is none yet).

    `apply` is the object to answer to the engine; `desired` may be changed into it. Under `replace`, foreign keys
    of string maps are taken over with another value first, because server-side apply removes only what it owns;
    the next comparison finds them ours and drops them. The object itself is never deleted for that.

    Without `repair` nothing is added to `apply` that would make the engine write the copy once more; if it `insists`,
    the engine writes even what it has written already.
    """
    if observed is None:
        return Comparison(desired, ("",))
    was, now = observed["metadata"], desired["metadata"]
    annotations, labels = was.get("annotations") or {}, was.get("labels") or {}
    same_metadata = labels == now["labels"] and annotations == now["annotations"]
    if same_metadata and _same_body(desired, observed):
        return Comparison(desired)

    owned = fields.applied(observed)
    metadata_paths = _metadata_paths(desired, observed, owned)
    body_paths = _body_paths(desired, observed, owned, replace)
    if replace:
        of_body = ((key,) for key in _STRING_MAPS.get((desired["apiVersion"], desired["kind"]), ()))
        of_metadata = (("metadata", "labels"), ("metadata", "annotations"))
        metadata_paths += _take_over(desired, observed, owned, of_metadata, repair)
        body_paths += _take_over(desired, observed, owned, of_body, repair)
    lasting = _foreign_paths(desired, observed) if replace else ()
    items = replace and bool(body_paths) and not metadata_paths and not _body_paths(desired, observed, owned, False)
    nonce = annotations.get(api.REPAIR_ANNOTATION)
    if repair and (insists or (metadata_paths and was.get("generation"))):
        # The engine's cache ignores metadata of kinds with a generation; a new value changes the hash of the child.
        nonce = was["resourceVersion"]
    if nonce:
        now["annotations"][api.REPAIR_ANNOTATION] = nonce
    differing = metadata_paths + body_paths
    return Comparison(desired, differing + lasting, items or (bool(lasting) and not differing))


def _same_body(desired: Json, observed: Json) -> bool:
    for key, value in observed.items():  # a loop, because this decides for nearly every copy of every request
        if key not in ("metadata", "status") and desired.get(key) != value:
            return False
    return len(desired) == len(observed) - ("status" in observed and "status" not in desired)


def _metadata_paths(desired: Json, observed: Json, owned: Json) -> tuple[str, ...]:
    paths: list[str] = []
    for field in ("labels", "annotations"):
        want = {key: value for key, value in desired["metadata"][field].items() if key != api.REPAIR_ANNOTATION}
        have = {
            key: value for key, value in (observed["metadata"].get(field) or {}).items() if key != api.REPAIR_ANNOTATION
        }
        tree = owned.get("f:metadata", {}).get(f"f:{field}", {})
        paths += (f"/metadata/{field}{path}" for path in _differences(want, have, tree, False))
    return tuple(paths)


def _body_paths(desired: Json, observed: Json, owned: Json, all_items: bool) -> tuple[str, ...]:
    skipped = ("metadata", "status")
    want = {key: value for key, value in desired.items() if key not in skipped}
    have = {key: value for key, value in observed.items() if key not in skipped}
    return _differences(want, have, owned, all_items)


def _differences(want: Json, have: Json, owned: Json, all_items: bool) -> tuple[str, ...]:
    return tuple(_unequal(_project(have, want, owned, all_items), want, ""))


def _unequal(have: Any, want: Any, path: str) -> Iterator[str]:
    """Yield the JSON pointers, sorted, at which two values differ; a list with items more or less as a whole."""
    if have == want:
        return
    if isinstance(have, dict) and isinstance(want, dict):
        for key in sorted(have.keys() | want.keys()):
            here = f"{path}/{pointers.escaped(key)}"
            if key in have and key in want:
                yield from _unequal(have[key], want[key], here)
            else:
                yield here
    elif isinstance(have, list) and isinstance(want, list) and len(have) == len(want):
        for index, (one, other) in enumerate(zip(have, want, strict=True)):
            yield from _unequal(one, other, f"{path}/{index}")
    else:
        yield path


def _is_in(obj: Json, path: str) -> bool:
    """Tell whether an object has something at a JSON pointer; it is enough if there is a list on the way."""
    at: Any = obj
    for key in pointers.steps(path):
        if not isinstance(at, dict):
            return True
        if key not in at:
            return False
        at = at[key]
    return True


def _project(have: Any, want: Any, owned: Json, all_items: bool) -> Any:
    """Return what is observed, without what is neither desired nor ours; with `all_items` foreign list items stay."""
    if isinstance(have, dict) and isinstance(want, dict):
        return {
            key: _project(value, want.get(key), owned.get(f"f:{key}") or {}, all_items)
            for key, value in have.items()
            if key in want or f"f:{key}" in owned
        }
    if isinstance(have, list) and isinstance(want, list):
        if fields.is_associative(owned):
            return list(_items(have, want, owned, all_items))
        if len(have) == len(want):
            return [_project(h, w, {}, all_items) for h, w in zip(have, want, strict=True)]
    return have


def _items(have: list[Any], want: list[Any], owned: Json, all_items: bool) -> Iterator[Any]:
    for item in have:
        ours = fields.of_item(owned, item)
        wanted = next((other for other in want if fields.same_item(owned, item, other)), None)
        if all_items or ours is not None or wanted is not None:
            yield _project(item, wanted, ours or {}, all_items)


def _foreign_paths(desired: Json, observed: Json) -> tuple[str, ...]:
    """Return the fields of the body that somebody else wrote and the source does not have, string maps aside."""
    maps = _STRING_MAPS.get((desired["apiVersion"], desired["kind"]), ())
    skipped = ("metadata", "status", "apiVersion", "kind", *maps)
    found = (
        path
        for tree in fields.foreign(observed)
        for path in _surplus(desired, observed, {key: value for key, value in tree.items() if key[2:] not in skipped})
    )
    filled = sanitize.FILLED_BY_SERVER.get((desired["apiVersion"], desired["kind"]), ())
    return tuple(dict.fromkeys(path for path in found if path not in filled))


def _surplus(want: Any, have: Any, tree: Json, path: str = "") -> Iterator[str]:
    if not isinstance(have, dict) or not isinstance(want, dict):
        return
    for field, subtree in tree.items():
        key = field[2:]
        if not field.startswith("f:") or key not in have:
            continue
        here = f"{path}/{pointers.escaped(key)}"
        if key in want:
            yield from _surplus(want[key], have[key], subtree, here)
        else:
            yield here


def _take_over(
    desired: Json, observed: Json, owned: Json, maps: Iterable[tuple[str, ...]], repair: bool
) -> tuple[str, ...]:
    """Return the paths of foreign keys in these maps; with `repair`, `desired` takes them over."""
    paths = []
    for path in maps:
        want, have, tree = desired, observed, owned
        for step in path[:-1]:
            want, have, tree = want[step], have[step], tree.get(f"f:{step}", {})
        field = path[-1]
        foreign = {
            key: value
            for key, value in (have.get(field) or {}).items()
            if key not in (want.get(field) or {})
            and f"f:{key}" not in tree.get(f"f:{field}", {})
            and not (path[0] == "metadata" and (key == api.REPAIR_ANNOTATION or tracking.is_kubernetes_own(key)))
        }
        paths += ["/".join(("", *path, pointers.escaped(key))) for key in sorted(foreign)]
        if foreign and repair:
            # "LQ==" is "-" in base64, so that either value is valid in Secret.data, binaryData and labels.
            other = "x" if path[0] == "metadata" else "LQ=="
            taken = {key: "" if value else other for key, value in foreign.items()}
            want[field] = {**(want.get(field) or {}), **taken}
    return tuple(paths)
