"""`object-syncer doctor`: what is wrong with an installation, in a cluster or in a dump of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from object_syncer.cli.doctor.diagnosing import Finding


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1)
@click.option("--context", "name", default="", metavar="CTX", help="Look at the cluster of this context.")
@click.pass_context
def doctor(context: click.Context, files: tuple[str, ...], name: str) -> None:
    """Say what is wrong with an installation, one line each with what to do; nothing if it is healthy.

    Without FILE it looks at the cluster of --context, by default at that of the kubeconfig's current context, with your
    own rights. FILE is a dump of the cluster ("-" is standard input) with the kinds of the last example, and the kinds
    that are copied if copies are to be looked at. A dump does not show the permissions of Metacontroller.

    \b
    Examples:
      object-syncer doctor
      object-syncer doctor --context staging
      kubectl get crd,ns,objectsyncs,syncpolicies,syncslices,compositecontrollers,decoratorcontrollers,\\
      validatingadmissionpolicies,validatingadmissionpolicybindings,deployments,statefulsets,configmaps \\
      -A -o yaml | object-syncer doctor -

    \b
    Exit code: 0  nothing was found
               1  something is wrong
               2  the input cannot be used, or the cluster is not reached
    """
    from object_syncer.cli.live import options  # noqa: PLC0415

    if files and name:
        raise click.UsageError("a dump and --context exclude each other")
    now = datetime.now(UTC)
    with options.refusing():
        findings = _of_dump(files, now) if files else _of_cluster(name, now)
    for finding in findings:
        click.echo(finding)
    context.exit(1 if findings else 0)


def _of_dump(files: tuple[str, ...], now: datetime) -> "list[Finding]":
    from object_syncer.cli.doctor import diagnosing  # noqa: PLC0415
    from object_syncer.cli.input.reading import BadInput, read  # noqa: PLC0415
    from object_syncer.cli.simulate import filling  # noqa: PLC0415

    found = read(files)
    faults = list(found.faults)
    items = filling.sound(found.given, faults)
    if faults:
        raise BadInput(faults)
    return diagnosing.diagnose((item.obj for item in items), now)


def _of_cluster(context: str, now: datetime) -> "list[Finding]":
    from object_syncer.cli.doctor import diagnosing  # noqa: PLC0415
    from object_syncer.cli.live import options  # noqa: PLC0415

    cluster = options.connect(context)
    from object_syncer.cli.doctor import checking  # noqa: PLC0415
    from object_syncer.cli.live import dumping  # noqa: PLC0415

    objects = dumping.installation(cluster)
    return [*diagnosing.diagnose(objects, now), *checking.check(cluster, objects, now)]
