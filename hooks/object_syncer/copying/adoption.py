"""Objects at a destination that we did not create: how they are recognised, who manages them, who may be adopted."""

from object_syncer.copying.template import template
from object_syncer.kube import api
from object_syncer.kube.meta import Json, controller_of


def is_foreign(found: Json, source: str, slice_name: str) -> bool:
    """Tell whether an object that stands where a copy should be is someone else's.

    Without a controller, ours to take are what carries this slice's label, and a copy of `source` ("namespace/name")
    that lost its label by hand. What another SyncSlice still holds is not ours yet. Copies of the original Object
    Syncer are foreign; its finalizer tells them from ours.
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
    """Tell whether the Adopt policy takes a foreign object over: of those that may be taken, the expected ones.

    Its content must equal the copy's already, or it is the original Object Syncer's copy of this source.
    """
    if not may_be_taken(found):
        return False
    meta = found["metadata"]
    upstream = (meta.get("annotations") or {}).get(api.SOURCE_ANNOTATION) == source and (meta.get("labels") or {}).get(
        api.MANAGED_BY_LABEL
    ) == api.MANAGED_BY
    return upstream or template(found, "").body == {key: value for key, value in desired.items() if key != "metadata"}


def manager(found: Json) -> str:
    """Say who manages a foreign object, from its owner, its tracking metadata and its managedFields."""
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
    if labels.get(api.MANAGED_BY_LABEL):
        return f"managed by {labels[api.MANAGED_BY_LABEL]}"
    entries = [entry for entry in meta.get("managedFields") or () if not entry.get("subresource")]
    writers = sorted({str(entry.get("manager") or "unknown") for entry in entries})
    return f"written by {', '.join(writers)}" if writers else "of unknown origin"
