"""Objects at a destination that we did not create: how to recognise them, who manages them, which may be taken."""

from object_syncer.copying.template import Template, template
from object_syncer.kube import api
from object_syncer.kube.meta import Json, controller_of, name_of, namespace_of
from object_syncer.status import reasons
from object_syncer.status.problem import Problem


def conflict(desired: Json, found: Json | None, shape: Template, slice_name: str, policy: str) -> Problem | None:
    """Return why no copy may be written at a destination, None if one may.

    `found` is what is there and is no child of the slice, as far as it was looked for; `policy` the ObjectSync's
    conflictPolicy. The planner excludes loops, too, but sees only those within its own SyncPolicy.
    """
    namespace, name = namespace_of(desired), name_of(desired)
    if f"{namespace}/{name}" in shape.ancestors:
        return Problem(reasons.LOOP, f"a copy here would come back to its source {shape.source}, a copy itself")
    if found is None or not is_foreign(found, shape.source, slice_name):
        return None
    permitted = policy == "Overwrite" and may_be_taken(found)
    if permitted or (policy == "Adopt" and may_adopt(found, desired, shape.source)):
        return None
    message = (
        f"{desired['kind']} {namespace}/{name} is {manager(found)}; it was not created for this ObjectSync and is left "
        "alone"
    )
    return Problem(reasons.CONFLICT, message)


def mark(desired: Json, found: Json | None, shape: Template, slice_name: str, policy: str) -> None:
    """Add the annotation by which the guard lets a copy take over a foreign object, where the policy permits that."""
    adopts = policy == "Adopt" and found is not None and is_foreign(found, shape.source, slice_name)
    if policy == "Overwrite" or adopts:
        desired["metadata"]["annotations"][api.TAKEOVER_ANNOTATION] = policy


def is_foreign(found: Json, source: str, slice_name: str) -> bool:
    """Tell whether an object at a destination is not a copy of ours.

    Without a controller, what carries this slice's label is ours, and so is a copy of `source` ("namespace/name") that
    lost its label by hand. A copy that another SyncSlice owns is foreign; so are copies of the original Object Syncer,
    which its finalizer tells from ours.
    """
    meta = found["metadata"]
    if controller_of(found) is not None:
        return True
    if (meta.get("labels") or {}).get(api.SLICE_LABEL) == slice_name:
        return False
    return (meta.get("annotations") or {}).get(api.SOURCE_ANNOTATION) != source or not may_be_taken(found)


def may_be_taken(found: Json) -> bool:
    """Tell whether an object that is no copy may ever become one.

    Not if it has a controller: the API server lets an object have one only. Not if it has the original Object Syncer's
    finalizer: server-side apply cannot take that away, and nobody else will, so it could never be deleted.
    """
    finalizers = found["metadata"].get("finalizers") or ()
    return controller_of(found) is None and api.UPSTREAM_FINALIZER not in finalizers


def may_adopt(found: Json, desired: Json, source: str) -> bool:
    """Tell whether the Adopt policy permits to take over a foreign object.

    It does if the content equals the copy's already, and for the original Object Syncer's copy of this source.
    """
    if not may_be_taken(found):
        return False
    meta = found["metadata"]
    upstream = (meta.get("annotations") or {}).get(api.SOURCE_ANNOTATION) == source and (meta.get("labels") or {}).get(
        api.MANAGED_BY_LABEL
    ) == api.MANAGED_BY
    return upstream or template(found, "").body == {key: value for key, value in desired.items() if key != "metadata"}


def manager(found: Json) -> str:
    """Return who manages a foreign object, from its owner, its tracking metadata and its managedFields.

    It completes a sentence: "ConfigMap a/b is ...".
    """
    meta = found["metadata"]
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    owner = controller_of(found)
    if owner and owner["kind"] == "SyncSlice":
        return f"a copy of {annotations.get(api.SOURCE_ANNOTATION, 'another source')} by SyncSlice {owner['name']}"
    if owner:
        return f"controlled by {owner['kind']} {owner['name']}"
    if "meta.helm.sh/release-name" in annotations:
        return f"part of Helm release {annotations['meta.helm.sh/release-name']}"
    if "argocd.argoproj.io/tracking-id" in annotations:
        return f"tracked by Argo CD as {annotations['argocd.argoproj.io/tracking-id']}"
    for tool in ("kustomize", "helm"):
        if f"{tool}.toolkit.fluxcd.io/name" in labels:
            return f"applied by Flux from {tool} {labels[f'{tool}.toolkit.fluxcd.io/name']}"
    if api.UPSTREAM_FINALIZER in (meta.get("finalizers") or ()):
        return "held by a finalizer of the original Object Syncer (docs/upgrade.md says how to come from there)"
    if api.SLICE_LABEL in labels:
        return f"a retained copy of {annotations.get(api.SOURCE_ANNOTATION, 'another source')}"
    if labels.get(api.MANAGED_BY_LABEL):
        return f"managed by {labels[api.MANAGED_BY_LABEL]}"
    entries = [entry for entry in meta.get("managedFields") or () if not entry.get("subresource")]
    writers = sorted({str(entry.get("manager") or "unknown") for entry in entries})
    return f"written by {', '.join(writers)}" if writers else "of unknown origin"
