"""What the commands that need a cluster share: --context, errors, the check of rights."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from object_syncer.cli import running
from object_syncer.cli.live.errors import ClusterError, Unfinished

if TYPE_CHECKING:
    from object_syncer.cli.input.reading import Input
    from object_syncer.cli.live.cluster import Cluster
    from object_syncer.cli.live.rights import Right
    from object_syncer.kube.meta import Json

_Command = TypeVar("_Command", bound=Callable[..., Any])


def context(command: _Command) -> _Command:
    """Add the option --context."""
    help_ = "A context of the kubeconfig; by default the current one, or the cluster that the command runs in."
    return click.option("--context", default="", metavar="CTX", help=help_)(command)


def connect(context: str) -> "Cluster":
    """Return the cluster of a context. Raises ClusterError, and Refused without the extra `cluster`."""
    try:
        from object_syncer.cli.live import kubeconfig  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in ("lightkube", "httpx2"):
            raise
        raise running.Refused("this needs the extra `cluster`: pip install '.[cluster]' in a checkout of it") from None
    return kubeconfig.connect(context)


def dump(context: str, others: "Iterable[Json]" = ()) -> "Input":
    """Return what a simulation of the cluster of a context needs; `others` are objects beside those in the cluster.

    Raises ClusterError.
    """
    cluster = connect(context)
    from object_syncer.cli.live import dumping  # noqa: PLC0415

    return dumping.sources(cluster, others)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the API server refuses, and defects of ours, into Refused."""
    with running.refusing():
        try:
            yield
        except ClusterError as error:
            raise running.Refused(str(error)) from None


@contextmanager
def unfinished() -> Iterator[None]:
    """Turn what stops a command that has begun to write into exit code 1."""
    try:
        yield
    except (Unfinished, ClusterError) as error:
        raise click.ClickException(f"not finished, run it again: {error}") from None


def check(missing: "Iterable[Right]") -> None:
    """Raise Refused if rights are missing, with a line for each."""
    lines = [f"you may not: kubectl auth can-i {right}" for right in missing]
    if lines:
        raise running.Refused("\n".join([*lines, "nothing was changed"]))


def goes_on(cluster: "Cluster", lines: Iterable[str], needed: "Iterable[Right]", dry_run: bool, yes: bool) -> bool:
    """Print what would be done in a cluster, one line each, and return whether to do it.

    `needed` are the rights for it. Raises ClusterError, Refused if rights are missing, and click.Abort if somebody was
    asked and says no; `yes` asks nobody.
    """
    from object_syncer.cli.live import rights  # noqa: PLC0415

    click.echo(f"In {cluster.name}:")
    for line in lines:
        click.echo(f"  {line}")
    check(rights.missing(cluster, needed))
    if dry_run:
        click.echo("You may do all of it. Nothing was changed.")
        return False
    if not yes and is_terminal():
        click.confirm("Go on?", abort=True)
    return True


def is_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()
