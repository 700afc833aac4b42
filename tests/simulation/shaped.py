"""Histories in which users also ask for copies that differ from their source, and owners limit where it goes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from simulation import inputs, model, shapes, verdict
from simulation.machine import SYNC, Histories, has_object_syncs
from simulation.model import Json
from simulation.shapes import Shape


class ShapedHistories(Histories):
    """One cluster, one history."""

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, shape=st.sampled_from((None, *shapes.SHAPES)))
    def change_shape(self, index: int, shape: Shape | None) -> None:
        """Ask for copies that differ from their source, if that is possible for its kind; or no longer."""
        found = self.cluster.list(SYNC, "ObjectSync")
        if found:
            obj = found[index % len(found)]
            obj["spec"]["copy"] = _suiting(shape, obj)  # a patch would keep other fields of it
            self.act(lambda: self.cluster.update(obj))

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, entry=inputs.indexes, shape=st.sampled_from((None, *shapes.SHAPES)))
    def change_shape_of_entry(self, index: int, entry: int, shape: Shape | None) -> None:
        """Ask for copies of one entry that differ from those of others; or for such that equal the source."""
        found = self.cluster.list(SYNC, "ObjectSync")
        if found:
            obj = found[index % len(found)]
            entries = obj["spec"]["destinations"]
            entries[entry % len(entries)]["copy"] = _suiting(shape, obj) or {}
            self.act(lambda: self.cluster.update(obj))

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, to=st.sampled_from((None, "*", "b, [cd]", "a,default", "")))
    def offer(self, index: int, to: str | None) -> None:
        """Limit where a source may be copied to, or no longer."""
        found = self.cluster.list(SYNC, "ObjectSync")
        if found:
            obj = found[index % len(found)]
            source, change = obj["spec"]["source"], {"metadata": {"annotations": {shapes.COPY_TO: to}}}
            kind = verdict.KINDS.get(source["kind"], model.CONFIG_MAP)
            where = source.get("namespace") or model.namespace(obj)
            self.act(lambda: self.cluster.patch(kind.api_version, kind.kind, source["name"], change, where))


def _suiting(shape: Shape | None, object_sync: Json) -> Json | None:
    """Return the `copy` of a shape if it is possible for the kind that an ObjectSync copies."""
    suits = shape and verdict.KINDS.get(object_sync["spec"]["source"]["kind"]) in shape.kinds
    return shape.asked if shape and suits else None
