"""The names of our API: group, labels, annotations. Each once, with the line that users read.

Those marked *upstream* are rustrial/k8s-object-syncer's own and must not change.
"""

GROUP = "sync.rustrial.org"
"""*Upstream*: the API group of ObjectSync, SyncSlice and SyncPolicy."""

API_VERSION = f"{GROUP}/v1alpha1"
"""*Upstream*: the apiVersion of our three kinds."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
"""*Upstream*: on every copy; overwrites the source's own value."""

MANAGED_BY = "rustrial-object-syncer"
"""*Upstream*: the value of MANAGED_BY_LABEL on every copy."""

SOURCE_ANNOTATION = f"{GROUP}/source-object"
"""*Upstream*: on every copy: namespace/name of the source it was made from."""

VIA_ANNOTATION = f"{GROUP}/via"
"""On a copy of a copy: the sources that lie before its own, namespace/name, the nearest first, joined by commas."""

SLICE_LABEL = f"{GROUP}/slice"
"""On every copy: the name of the SyncSlice that owns it. The engine claims copies by it."""

TAKEOVER_ANNOTATION = f"{GROUP}/takes-over"
"""On a copy that may replace a foreign object: the conflict policy that permits it. The guard asks for it."""

COPY_TO_ANNOTATION = f"{GROUP}/copy-to"
"""On a source: the namespaces that it may be copied to, names and globs, joined by commas; "" is nowhere."""

LIMITED_ANNOTATION = f"{GROUP}/limited"
"""On a copy whose source says where it may be copied to: the copy is no source of others."""

UPSTREAM_FINALIZER = f"{GROUP}/rustrial-object-syncer"
"""*Upstream*: on every copy, source and ObjectSync that the Rust controller serves; never written by us."""

REPAIR_ANNOTATION = f"{GROUP}/repair"
"""On an object whose labels or annotations were edited: a new value makes the engine write it again."""

RESYNC_ANNOTATION = f"{GROUP}/resync"
"""On a SyncPolicy: a new value makes the engine look at all ObjectSyncs and copies of the policy at once."""

RETIRE_ANNOTATION = f"{GROUP}/retire"
"""On a SyncPolicy that is to be deleted: "true" makes it hand its copies over to policies that permit them, and delete
the rest. Also in admission/policies.yaml."""

EXCLUDE = f"{GROUP}/exclude"
"""On a Namespace: the label "true" keeps all copies away, the annotation those of the ObjectSyncs that it lists."""

STALLED_ANNOTATION = f"{GROUP}/stalled"
"""On a SyncSlice that does not follow its source: since when, and what its status reported then."""

OBJECTSYNC_LABEL = f"{GROUP}/objectsync-uid"
"""On every SyncSlice: the uid of the ObjectSync it serves."""

CONTROLLER_LABEL = f"{GROUP}/controller"
"""On every SyncSlice: the name of the generated CompositeController that serves it."""

VISIBLE_LABEL = f"{GROUP}/visible-to"
"""On an ObjectSync that the planners of all policies must see, not only of those that watch its namespace."""

VISIBLE_TO_ALL = "all"
"""The value of VISIBLE_LABEL."""

ENGINE_API_VERSION = "metacontroller.k8s.io/v1alpha1"
"""The apiVersion of CompositeController and DecoratorController."""

LAST_APPLIED_ANNOTATION = "metacontroller.k8s.io/last-applied-configuration"
"""Metacontroller writes it only in its dynamic-apply mode, which corrupts copies."""

GUARD = "object-syncer-copies"
"""The ValidatingAdmissionPolicy, and its binding, that keep the engine off objects that are no copies."""

ENGINE_USER = "system:serviceaccount:metacontroller:metacontroller"
"""Metacontroller's user where its own manifests or chart install it."""
