"""Every reason a condition or a destination can give, once, with its cause in one line.

Reasons are part of the API: users alert on them, so they are never renamed.
"""

SUCCESS = "Success"
"""*Upstream's* word: all is well."""

KIND_NOT_FOUND = "KindNotFound"
"""No built-in kind and no established CustomResourceDefinition is what spec.source names."""

VERSION_NOT_SERVED = "VersionNotServed"
"""The kind exists, spec.source.version of it is not served, or must be named."""

UNKNOWN_FIELD = "UnknownField"
"""The spec has a field that these hooks do not know, because the CRDs are newer; copies stay, none is created."""

CLUSTER_SCOPED_KIND = "ClusterScopedKind"
"""The kind has no namespaces, so there is nowhere to copy it to."""

NOT_WATCHED = "NotWatched"
"""No SyncPolicy watches the namespace of this ObjectSync."""

KIND_NOT_ALLOWED = "KindNotAllowed"
"""The SyncPolicy's allowedResources do not contain the kind."""

SOURCE_NOT_ALLOWED = "SourceNotAllowed"
"""The SyncPolicy's sourceNamespaces do not contain the source's namespace, or its selector does not match it."""

TARGET_NOT_ALLOWED = "TargetNotAllowed"
"""The SyncPolicy's targetNamespaces do not contain a namespace the ObjectSync names, or its selector does not match."""

SOURCE_NOT_FOUND = "SourceNotFound"
"""There is no source object, or it is being deleted; it has no copies until it is back."""

SOURCE_NOT_COPYABLE = "SourceNotCopyable"
"""Objects like the source are never copied: Pods, Events, Leases, service account tokens, ObjectSyncs."""

SOURCE_NOT_OFFERED = "SourceNotOffered"
"""The owner of the source does not let it be copied there, by the annotation copy-to or its absence."""

KEY_COLLISION = "KeyCollision"
"""copy.data of the ObjectSync would give two keys of the source the same name; copies stay as they are."""

REQUIRED_KEY_MISSING = "RequiredKeyMissing"
"""copy.data of the ObjectSync takes a key from a Secret that its type requires; copies stay as they are."""

PATCH_FAILED = "PatchFailed"
"""An operation of copy.patches cannot be done, or changes what no patch may change; the copy stays as it is."""

NAMESPACE_NOT_FOUND = "NamespaceNotFound"
"""A named destination namespace does not exist; its copy comes with it."""

NAMESPACE_OPTED_OUT = "NamespaceOptedOut"
"""A named destination namespace wants no copies of this ObjectSync: its label or annotation says so."""

NO_NAMESPACE_MATCHES = "NoNamespaceMatches"
"""A glob or a namespaceSelector matches no namespace that may get copies."""

TEMPLATE_ERROR = "TemplateError"
"""The name of the copy has variables and makes no name in this namespace."""

NAMESPACE_TERMINATING = "NamespaceTerminating"
"""A named destination namespace is being deleted."""

CONFLICT_POLICY_NOT_ALLOWED = "ConflictPolicyNotAllowed"
"""The SyncPolicy's conflictPolicies do not contain what the ObjectSync asks for; Fail is in force."""

TRANSFORM_NOT_ALLOWED = "TransformNotAllowed"
"""The ObjectSync asks for copies that differ from the source in a way that is not permitted; none is created."""

DESTINATION_RESERVED = "DestinationReserved"
"""A controller of Kubernetes maintains an object of that name in every namespace, so no copy can have it."""

TOO_MANY_COPIES = "TooManyCopies"
"""The ObjectSync asks for more copies than the SyncPolicy's maxCopies; those that exist follow, none is created."""

CONFLICT = "Conflict"
"""The destination belongs to someone else: an ObjectSync that comes first, or whoever made the object that is there."""

LOOP = "Loop"
"""The copy would be written onto an object that, over other ObjectSyncs, this source is a copy of."""

PLANNING = "Planning"
"""The planner has not yet planned the present generation of the ObjectSync."""

CREATING = "Creating"
"""The copy does not exist yet."""

DELETING = "Deleting"
"""An earlier copy is still being deleted, or the ObjectSync itself is."""

DRIFTED = "Drifted"
"""The copy differs from its source and is being repaired."""

SUSPENDED = "Suspended"
"""The copy is missing or differs, and nothing is written because spec.suspend of the ObjectSync is true."""

RECREATING = "Recreating"
"""The copy differs in a field that cannot be changed; it is deleted and created anew."""

IMMUTABLE_FIELD = "ImmutableField"
"""The copy differs in a field that cannot be changed, and deleting it to repair it would do harm."""

FOREIGN_FIELDS = "ForeignFields"
"""Others have added to the copy what server-side apply cannot remove, so that it does not equal its source."""

CONTESTED = "Contested"
"""Whenever the copy is written, somebody changes it again, perhaps an admission webhook; tries go on, rarely."""

REJECTED = "Rejected"
"""The API server keeps refusing the copy; the events of the SyncSlice that the message names say why."""

STALLED = "Stalled"
"""A SyncSlice does not follow its source, so nobody knows of its copies; the events of the SyncSlice may say why."""

CONTROLLER_NOT_RUNNING = "ControllerNotRunning"
"""The engine does not serve the resource type: it may not be allowed to list it, or not know a new kind yet."""

GUARD_MISSING = "GuardMissing"
"""The admission policies that keep the engine off other people's objects are not installed; nothing is planned."""

RETIRING = "Retiring"
"""The SyncPolicy is to be deleted: it hands its copies over to other policies, or deletes them."""

INVALID_POLICY = "InvalidPolicy"
"""The SyncPolicy lacks one of its four lists; nothing is planned by it, and copies that exist stay and follow."""

WRONG_APPLY_STRATEGY = "WrongApplyStrategy"
"""Metacontroller runs without --apply-strategy=server-side-apply, which would corrupt copies."""

INTERNAL_ERROR = "InternalError"
"""A defect of ours; the hook server's log has the traceback."""
