"""How often the planner is called: seldom enough that it does not keep a core busy while anything happens.

Metacontroller calls it with every change of an ObjectSync, a SyncSlice or a Namespace, and sends it all of them. What
changes during a call is gathered for the next one. So an answer that changes no SyncSlice waits, for ten times as long
as it took to make; one that changes something is given at once. Nobody waits where nothing else happens.
"""

from collections.abc import Callable
from time import thread_time
from typing import Any

from object_syncer.kube.meta import Json
from object_syncer.routes import PLANNER, repeats

_FACTOR, _LONGEST = 10, 1.0


def paced(answer: Callable[[], Json], path: str, body: Any) -> tuple[Json, float]:
    """Return the answer of a hook to a body, and for how many seconds it has to wait; only the planner's ever does."""
    started = thread_time()
    answered = answer()
    if path != PLANNER or not repeats(body, answered):
        return answered, 0.0
    return answered, min(_LONGEST, _FACTOR * (thread_time() - started))
