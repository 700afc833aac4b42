"""JSON pointers (RFC 6901): which member of an object is meant."""


def escaped(key: str) -> str:
    """Return a key as one step of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def steps(pointer: str) -> list[str]:
    """Return the keys and indexes on the way; none for "", the whole object."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
