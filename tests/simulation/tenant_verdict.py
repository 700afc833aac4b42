"""Whether the cluster of tenants is as it must be: who has each destination, and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from simulation import model, tenancy, verdict
from simulation.rivals import is_rivalled, path
from simulation.tenancy import NAMES, SOURCE_PLACES, SOURCES, TARGETS, Claim, Place
from simulation.tenant_witness import Witness
from simulation.tenant_world import World

Json = dict[str, Any]


class Verdict:
    """Compares a cluster with the model."""

    def __init__(self, world: World, witness: Witness, seen: Counter[str]) -> None:
        self._world = world
        self._witness = witness
        self._seen = seen
        """What was found, and how often."""

    def check(self) -> None:
        """Raise AssertionError for the first thing that is not as it must be at rest."""
        claims, slices = tenancy.claims(self._world.cluster), self._world.slices()
        stalled = set(tenancy.stalled(slices, self._world.locked()))
        self._seen["stalled"] += bool(stalled)
        blame(verdict.untold_stalls(self._world.cluster))
        stuck = stalled | set(tenancy.waiting(slices, self._world.locked()))
        self._check_slices(claims, slices, stuck)
        delayed = {_owner_of(each) for each in slices if model.name(each) in stuck}
        for ns, name in SOURCE_PLACES:
            found = self._world.find((ns, name))
            assert found, f"the source {ns}/{name} is gone"
            assert not tenancy.owner(found), f"the source {ns}/{name} is a copy"
        for place in sorted({(ns, name) for ns in TARGETS for name in NAMES} - SOURCE_PLACES):
            wanting = [each for each in claims if place in each.wants]
            winner = wanting[0] if wanting else None
            for each in wanting[1:]:
                assert each.state(place)["state"] != "Synced", f"{each.id} says that it has {place}"
            found = self._world.find(place)
            if (found and tenancy.owner(found) in stuck) or (winner and winner.id in delayed):
                continue
            if winner is None:
                assert not found or not tenancy.owner(found), f"left over: {place}"
                assert not found or not tenancy.label(found) or self._is_of_people(found), f"forgotten: {place}"
            else:
                self._check_place(place, found, winner, slices)

    def _is_of_people(self, found: Json) -> bool:
        """Tell whether people made an object, or spoiled it."""
        meta = found["metadata"]
        by_engine = any(each["manager"] == "metacontroller" for each in meta.get("managedFields") or ())
        return meta["uid"] in self._witness.spoiled or not by_engine

    def _check_slices(self, claims: list[Claim], slices: list[Json], stuck: set[str]) -> None:
        serving = {claim.id: claim.policy["metadata"]["name"] for claim in claims}
        for each in slices:
            name, spec = model.name(each), each["spec"]
            if name in stuck:
                continue
            assert spec["policy"] == serving.get(_owner_of(each)), f"SyncSlice {name} of {spec['policy']} is left"
            assert not {"draining", "unseen"} & spec.keys(), f"SyncSlice {name} is {spec}"
            assert "matchExpressions" not in spec["selector"], f"SyncSlice {name} is releasing"

    def _check_place(self, place: Place, found: Json | None, winner: Claim, slices: list[Json]) -> None:
        state = winner.state(place)
        shown = f"{place} of {winner.id}, which says {state}"
        assert found, f"there is no copy: {shown}"
        owner, reported = tenancy.owner(found), (state["state"], state.get("reason", ""))
        if not owner:
            taken = tenancy.copied_from(found) == "/".join(winner.source)
            selected = {each["spec"]["selector"]["matchLabels"][model.SLICE] for each in slices}
            assert not taken, f"not taken back: {shown}"
            source = self._world.find(winner.source)
            equal = source and model.body(source) == model.body(found)
            assert winner.takes != "Overwrite", f"not taken over: {shown}"
            assert winner.takes != "Adopt" or not equal, f"not adopted by its policy: {shown}"
            assert tenancy.label(found) not in selected, f"not adopted: {shown}"
            assert reported == ("Conflict", "Conflict"), f"an object of somebody else: {shown}"
            self._seen["conflict"] += 1
            return
        assert owner in {model.name(each) for each in slices if _owner_of(each) == winner.id}, f"of {owner}: {shown}"
        how = self._world.cluster.rivals.get(place)
        fights = how and (how != "own label" or winner.strategy(place) == "replace")
        if how and fights and is_rivalled(found, how):  # a copy that is not written is not changed by a webhook
            assert reported == ("Failed", "Contested"), f"there is a fight: {shown}"
            assert path(how) in state["message"], f"the message does not name what the fight is about: {shown}"
            self._seen[f"contested: {how}"] += 1
            return
        source = self._world.find(winner.source)
        assert source
        if reported == ("Failed", "Contested"):  # a fight that has ended: the next write is some minutes off
            self._seen["was contested"] += 1
            return
        assert model.body(found) == model.body(source), f"not as its source: {shown}"
        assert reported == ("Synced", ""), f"equal: {shown}"
        self._seen["copy"] += 1

    def served(self) -> list[Json]:
        """Return the copies that nothing keeps from following their source at once, as they are."""
        slices = self._world.slices()
        stalled = set(tenancy.stalled(slices, self._world.locked()))
        free = {
            model.name(each): each["spec"]["source"]
            for each in slices
            if model.name(each) not in stalled
            and not {"draining", "unseen"} & each["spec"].keys()
            and "matchExpressions" not in each["spec"]["selector"]
        }
        found = []
        for obj in self._world.objects():
            source = free.get(tenancy.owner(obj, "SyncSlice"))
            original = self._world.find((source["namespace"], source["name"])) if source else None
            place = (model.namespace(obj), model.name(obj))
            fought = place in self._world.cluster.rivals or self._is_contested(place)
            if original and not fought and model.body(original) == model.body(obj):
                found.append(obj)
        return found

    def lies(self, ns: str) -> Iterator[str]:
        """Yield each copy of the source in a namespace that is not like it, though its ObjectSync says that all are."""
        source = self._world.find((ns, SOURCES[ns]))
        assert source
        for claim in tenancy.claims(self._world.cluster):
            if claim.source == (ns, SOURCES[ns]) and claim.is_in_sync:
                for place in claim.wants:
                    found = self._world.find(place)
                    if not found or model.body(found) != model.body(source):
                        yield f"{claim.id} says that it is in sync, but {place} is not as its source"

    def _is_contested(self, place: Place) -> bool:
        claims = tenancy.claims(self._world.cluster)
        return any(claim.state(place).get("reason") == "Contested" for claim in claims)


def blame(wrongs: Iterable[str]) -> None:
    """Raise AssertionError that names what is wrong, if anything is."""
    found = list(wrongs)
    assert not found, "\n".join(["", *found])


def shown(obj: Json) -> str:
    """Return namespace and name of an object."""
    return f"{model.namespace(obj)}/{model.name(obj)}"


def copied(obj: Json, ns: str) -> bool:
    """Tell whether an object is a copy of the source in a namespace."""
    return tenancy.copied_from(obj) == f"{ns}/{SOURCES[ns]}"


def _owner_of(item: Json) -> Place:
    """Return the ObjectSync of a SyncSlice."""
    return item["spec"]["objectSync"]["namespace"], item["spec"]["objectSync"]["name"]
