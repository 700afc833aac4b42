"""What all copies of one source have in common, built once; a copy is the template with a namespace and name.

A copy is made from a whitelist: the body without status, and those labels and annotations that do not say who tracks
the source. So it has no uid, resourceVersion, generation, managedFields, ownerReferences or finalizers. What `copy` of
the ObjectSync asks for comes next, our marks come last.
"""

import copy
from dataclasses import dataclass

from object_syncer.copying import sanitize, transform
from object_syncer.kube import api
from object_syncer.kube.meta import Json, controller_of, name_of, namespace_of
from object_syncer.status.problem import Problem


@dataclass(frozen=True, slots=True)
class Template:
    """The parts that all copies of one source share. Never change them: copies refer to the same dicts."""

    body: Json
    labels: dict[str, str]
    annotations: dict[str, str]
    source: str
    """namespace/name of the source."""
    source_version: str
    """The source's resourceVersion."""
    ancestors: tuple[str, ...]
    """What the source is a copy of: a copy there would come back to it."""
    problem: Problem | None = None
    """Why no copy can be made as it is asked for."""
    patches: tuple[Json, ...] = ()
    """What is still to be done to each copy."""

    def at(self, namespace: str, name: str) -> Json:
        """Return the copy for one destination: a Kubernetes object ready for server-side apply."""
        return {
            **self.body,
            "metadata": {
                "namespace": namespace,
                "name": name,
                "labels": dict(self.labels),
                "annotations": dict(self.annotations),
            },
        }


def template(source: Json, slice_name: str, asked: Json | None = None, limited: bool = False) -> Template:
    """Return the template of a source for copies in one slice.

    `source` is the object as the API server has it; it is not changed. `asked` is `copy` of the ObjectSync, `limited`
    says that the copies may be no sources of others.
    """
    asked = asked or {}
    group = source["apiVersion"].rpartition("/")[0]
    body = copy.deepcopy({key: value for key, value in source.items() if key not in ("metadata", "status")})
    sanitize.clean(group, source["kind"], body)
    problem = transform.data(body, asked.get("data"))
    meta = source["metadata"]
    labels = transform.metadata(meta.get("labels") or {}, asked.get("labels"))
    annotations = transform.metadata(meta.get("annotations") or {}, asked.get("annotations"))
    labels |= {api.MANAGED_BY_LABEL: api.MANAGED_BY, api.SLICE_LABEL: slice_name}
    key = f"{namespace_of(source)}/{name_of(source)}"
    annotations[api.SOURCE_ANNOTATION] = key
    chain = ancestors(source)
    if chain:
        annotations[api.VIA_ANNOTATION] = ",".join(chain)
    if limited:
        annotations[api.LIMITED_ANNOTATION] = "true"
    version, patches = str(meta.get("resourceVersion", "")), tuple(asked.get("patches") or ())
    return Template(body, labels, annotations, key, version, chain, problem, patches)


def ancestors(source: Json) -> tuple[str, ...]:
    """Return what a source is a copy of, "namespace/name", and what that is a copy of in turn; () if it is no copy."""
    owner = controller_of(source)
    if owner is None or owner["kind"] != "SyncSlice":
        return ()
    annotations = source["metadata"].get("annotations") or {}
    chain = [annotations.get(api.SOURCE_ANNOTATION, ""), *annotations.get(api.VIA_ANNOTATION, "").split(",")]
    return tuple(dict.fromkeys(filter(None, chain)))
