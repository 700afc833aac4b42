"""Histories in which users also ask for copies that differ from their source, and owners limit where it goes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from simulation import inputs, model, shapes, verdict
from simulation.machine import SYNC, Histories, has_object_syncs
from simulation.shapes import Shape
from simulation.suspension import Stillness


class ShapedHistories(Histories):
    """One cluster, one history."""

    def __init__(self) -> None:
        super().__init__()
        self._stillness = Stillness(self.cluster)

    def step(self) -> None:
        super().step()
        self._look_for_stillness()

    def _rest(self, seed: int) -> None:
        super()._rest(seed)
        self._look_for_stillness()
        self._stillness.begin(verdict.objects(self.cluster, SYNC, "ObjectSync"))

    def _look_for_stillness(self) -> None:
        self._stillness.look()
        self._blame(self._stillness.wrongs)

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, suspend=st.sampled_from((True, True, False, None)))
    def suspend(self, index: int, suspend: bool | None) -> None:
        """Suspend an ObjectSync, or resume it."""
        self._change_spec(index, {"suspend": suspend})

    @precondition(has_object_syncs)
    @rule(
        index=inputs.indexes,
        entry=st.one_of(st.none(), st.none(), inputs.indexes),
        shape=st.sampled_from((None, *shapes.SHAPES)),
    )
    def change_shape(self, index: int, entry: int | None, shape: Shape | None) -> None:
        """Ask for copies, or those of one entry, that differ from their source, if its kind can; or that equal it."""
        found = self.cluster.list(SYNC, "ObjectSync")
        if found:
            obj = found[index % len(found)]
            suits = shape and verdict.KINDS.get(obj["spec"]["source"]["kind"]) in shape.kinds
            asked = shape.asked if shape and suits else None
            entries = obj["spec"]["destinations"]
            if entry is None:
                obj["spec"]["copy"] = asked
            else:
                entries[entry % len(entries)]["copy"] = asked or {}
            self.act(lambda: self.cluster.update(obj))  # a patch would keep other fields of it

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
