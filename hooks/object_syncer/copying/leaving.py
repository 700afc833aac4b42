"""Copies that leave their SyncSlice and stay, without an owner: first they get the label of those that leave.

The slice's selector still matches that label. Once all have it, the planner makes the selector cease to match it, and
the engine takes the owner reference off these copies.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from object_syncer.copying import fields
from object_syncer.copying.consent import Offer
from object_syncer.kube import api
from object_syncer.kube.meta import Json


@dataclass(frozen=True, slots=True)
class Leaving:
    """The copies that leave a slice. `places` are "namespace/name", with the namespace of each."""

    label: str
    places: Mapping[str, str]

    def children(
        self, living: Mapping[str, Json], wanted: Collection[str] = (), offer: Offer | None = None
    ) -> list[Json]:
        """Return the children that leave copies as they are, but for their label.

        `living` are the copies that exist; those that are `wanted` do not leave any more. Others are left out, and so
        deleted, where the `offer` of the source's owner does not contain their namespace.
        """
        children = []
        for key in sorted(self.places.keys() & living.keys() - set(wanted)):
            if offer is None or not offer.withheld(self.places[key]):
                child = fields.as_applied(living[key])
                meta = child["metadata"]
                labels = {**meta.get("labels", {}), api.SLICE_LABEL: self.label}
                children.append({**child, "metadata": {**meta, "labels": labels}})
        return children

    def is_ready(self, key: str, copy: Json) -> bool:
        """Tell whether the copy of that key leaves and has its label."""
        return key in self.places and (copy["metadata"].get("labels") or {}).get(api.SLICE_LABEL) == self.label


def read(spec: Json) -> Leaving:
    """Return the copies that leave a SyncSlice with this spec."""
    found = spec.get("leaving") or {"label": "", "groups": []}
    places = {
        f"{namespace}/{group['name']}": namespace for group in found["groups"] for namespace in group["namespaces"]
    }
    return Leaving(found["label"], places)
