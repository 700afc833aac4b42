"""The scenarios: what Object Syncer does, in sentences that are tried on the in-memory engine and on the real one."""

from collections.abc import Iterator

from scenarios.scenario import Scenario
from scenarios.table import (
    chains,
    consent,
    content,
    contests,
    deletions,
    destinations,
    foreign,
    handover,
    immutable,
    kinds,
    marks,
    outages,
    policies,
    retention,
    selection,
    shape,
    sources,
    suspension,
    takeover,
    versions,
)


def scenarios() -> Iterator[Scenario]:
    """Yield every scenario."""
    for topic in (
        sources, destinations, selection, content, marks, immutable, foreign, takeover, contests, chains, kinds,
        versions, policies, handover, deletions, outages, shape, suspension, retention, consent,
    ):  # fmt: skip
        yield from topic.scenarios()
