"""A Kubernetes API server and a Metacontroller in memory, to try hooks without a cluster.

`Cluster` is the API server, `Engine` calls hooks as Metacontroller does. They know nothing of what the hooks are
about, and behave as the real ones do wherever a hook can tell the difference; README.md lists where they do not.
"""

from memcluster.cluster import Cluster
from memcluster.engine import Engine
from memcluster.errors import ApiError, EngineCrash, HookError, Loop
from memcluster.resources import Resource

__all__ = ["ApiError", "Cluster", "Engine", "EngineCrash", "HookError", "Loop", "Resource"]
