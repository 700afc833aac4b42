"""`object-syncer doctor`: what is wrong with an installation, from a dump of the cluster."""

from datetime import UTC, datetime

import click

from object_syncer.cli import running


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, required=True)
@click.pass_context
def doctor(context: click.Context, files: tuple[str, ...]) -> None:
    """Say what is wrong with an installation, one line each with what to do; nothing if it is healthy.

    It reads a dump of the cluster ("-" is standard input) with the kinds of the example, and the kinds that are
    copied if copies are to be looked at. What a dump does not show is not found: permissions, and whether the hooks
    are reached from where Metacontroller runs.

    \b
    Example:
      kubectl get crd,ns,objectsyncs,syncpolicies,syncslices,compositecontrollers,decoratorcontrollers,\\
      validatingadmissionpolicies,validatingadmissionpolicybindings,deployments,statefulsets,configmaps \\
      -A -o yaml | object-syncer doctor -

    \b
    Exit code: 0  nothing was found
               1  something is wrong
               2  the input cannot be used
    """
    from object_syncer.cli import diagnosing, filling  # noqa: PLC0415
    from object_syncer.cli.reading import BadInput, read  # noqa: PLC0415

    with running.refusing():
        found = read(files)
        faults = list(found.faults)
        items = filling.sound(found.given, faults)
        if faults:
            raise BadInput(faults)
        findings = diagnosing.diagnose((item.obj for item in items), datetime.now(UTC))
        for finding in findings:
            click.echo(finding)
    context.exit(1 if findings else 0)
