"""A Kubernetes API server and a Metacontroller in memory, to try hooks without a cluster.

`Cluster` is the API server, `Engine` calls hooks as Metacontroller does. Neither knows anything of
what the hooks are about; they only behave as the real ones do where a hook can tell the difference.
"""

from memcluster.cluster import Cluster
from memcluster.engine import Engine, Loop
from memcluster.errors import ApiError, EngineCrash, HookError

__all__ = ["ApiError", "Cluster", "Engine", "EngineCrash", "HookError", "Loop"]
