"""Every waiting time of Object Syncer, in seconds, and what depends on it.

The engine calls hooks when something changes. These times are for what no event announces.
"""

HEARTBEAT = 3
"""The heartbeat is called this often, so an outage of the hooks is over for everybody that long after its end. Also
in metacontroller/heartbeat.yaml, as resyncPeriodSeconds."""

OUTAGE = 10
"""A gap between two heartbeats that counts as an outage. After a shorter one the engine's own retries come as soon: the
last of them 10.2 s after the first failure, the next one 20 s after it."""

RESYNC_PAUSE = 30
"""All parents are woken at most this often, so that hooks that answer slowly under load are not loaded more."""

RESYNC = 600
"""The engine looks at every parent this often, because of what makes no event at all (an administrator who takes a
copy's label and owner reference away in one write) and after outages of the API server. Also in the YAML of our
controllers, as resyncPeriodSeconds. SyncSlices have SLICE_RESYNC instead."""

SLICE_RESYNC = 300
"""The engine looks at every SyncSlice this often. One that has not written its status since then writes the time."""

SILENT_AFTER = 2 * SLICE_RESYNC + 10
"""A SyncSlice whose last sign of life is older is not served: it may have been a moment too young at the first look."""

GUARD_SETTLES = 4
"""How long after a change of the guard every API server enforces it; each looks once a second. No copy is created
before."""

REFUSED_AFTER = 2
"""A copy that is still missing or different by then counts as refused; usual writes take milliseconds."""

SETTLING = 1
"""A state that lasts less is not written: nobody can read it, and each write wakes others. Timestamps are in whole
seconds, so what is waited for up to one second more, is at least this old."""

UNSERVED_AFTER = 6
"""A SyncSlice not reported on by then is unserved, if its controller has not reported on any other either. A
controller starts in 0.05 s; a large first fan-out makes slices wait for each other, but never all of them."""

STALLED_AFTER = 45
"""A SyncSlice whose status is about another version of its source for so long is stalled: the ObjectSync says so
within a minute of the change. Status is written after the copies, which takes seconds for thousands of them."""

STALLED_RETRY_MIN, STALLED_RETRY_MAX = 5, 30
"""Pauses until a stalled SyncSlice is looked at again: soon while its annotation is to be written, which the engine
gives up on a conflict, rarely after that."""

DRAIN_TIMEOUT = 60
"""A draining SyncSlice is deleted after this even if copies are left: owner references remove those. And a SyncSlice
whose ObjectSync the policy has not seen for so long, because it does not watch its namespace any more, drains."""

CONTESTED_PAUSES = (1, 3, 60, 120, 240, 480, 600)
"""Pauses after the first, second, ... write of a copy that differs again: few soon, then less than one a minute."""

RETRY_MIN, RETRY_MAX = 1, 30
"""Pauses between repairs of a copy: half as long as it has been out of sync, within these bounds."""
