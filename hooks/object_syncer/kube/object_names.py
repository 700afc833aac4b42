"""Which names Kubernetes permits for objects of a type, as far as its kinds are known here.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

import re

from object_syncer.kube.types import ResourceType

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = (re.compile(rf"{_LABEL}(\.{_LABEL})*"), 253, "lower-case letters, digits, '-' and '.'")
_PATH_SEGMENT = (re.compile(r"(?!\.{1,2}\Z)[^/%]+"), 253, "no '/' and no '%'")
_SERVICE = (re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?"), 63, "lower-case letters, digits and '-', a letter first")
_CRON_JOB = (_SUBDOMAIN[0], 52, _SUBDOMAIN[2])
_SHORT = (_SUBDOMAIN[0], 63, _SUBDOMAIN[2])

_RULES = {
    ("", "Service"): _SERVICE,
    ("batch", "CronJob"): _CRON_JOB,
    ("batch", "Job"): _SHORT,
    ("rbac.authorization.k8s.io", "Role"): _PATH_SEGMENT,
    ("rbac.authorization.k8s.io", "RoleBinding"): _PATH_SEGMENT,
}
"""(group, kind) -> grammar, longest name, and the grammar in words; for all others a DNS subdomain."""


def is_valid(name: str, type_: ResourceType) -> bool:
    """Tell whether an object of the type may be called so."""
    grammar, longest, _ = _rule(type_)
    return len(name) <= longest and grammar.fullmatch(name) is not None


def grammar(type_: ResourceType) -> str:
    """Return in words how an object of the type may be called."""
    _, longest, words = _rule(type_)
    return f"at most {longest} characters: {words}"


def _rule(type_: ResourceType) -> tuple[re.Pattern[str], int, str]:
    return _RULES.get((type_.group, type_.kind), _SUBDOMAIN)
