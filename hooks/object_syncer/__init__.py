"""Object Syncer: keeps copies of a Kubernetes object identical in every namespace that wants one.

Metacontroller calls the hooks of this package; each hook is a pure function of the request body.
"""

__version__ = "0.1.0"
