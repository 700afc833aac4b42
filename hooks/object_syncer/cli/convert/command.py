"""`object-syncer convert`: ObjectSyncs in place of what other tools are asked to copy."""

import click

from object_syncer.cli import running


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, required=True)
@click.pass_context
def convert(context: click.Context, files: tuple[str, ...]) -> None:
    """Print the ObjectSyncs that replace annotations of kubernetes-replicator and reflector, and ClusterSecrets.

    FILE and DIR are as for simulate; "-" is standard input, best a dump of the cluster with the kinds that are copied,
    the namespaces, and clustersecrets. What an ObjectSync cannot say, and what becomes of each copy that the other
    tool made, is on standard error. A copy that equals its source is taken over as it is (conflictPolicy: Adopt).

    \b
    Examples:
      kubectl get ns,secrets,configmaps -A -o yaml | object-syncer convert - > objectsyncs.yaml
      object-syncer convert manifests/

    \b
    Exit code: 0  all is said, and every copy is taken over as it is
               1  something is not: see standard error; or nothing asks for copies
               2  the input cannot be used
    """
    from object_syncer.cli import progress  # noqa: PLC0415
    from object_syncer.cli.convert import converting  # noqa: PLC0415
    from object_syncer.cli.input.reading import read  # noqa: PLC0415
    from object_syncer.cli.simulate import printing  # noqa: PLC0415

    with running.refusing():
        found = read(files)
        conversion = converting.convert(found)
        with progress.shown() as report:
            fates = converting.fates(found, conversion, report)
        if conversion.object_syncs:
            click.echo("---\n".join(printing.dumped_yaml(item) + "\n" for item in conversion.object_syncs), nl=False)
    lost = [fate for fate in fates if fate.problem]
    for line in conversion.unsaid:
        click.echo(f"Not said: {line}", err=True)
    for fate in lost:
        click.echo(f"Copy {fate.copy}: {fate.problem}", err=True)
    click.echo(
        f"{len(conversion.object_syncs)} ObjectSyncs; of {len(fates)} copies {len(fates) - len(lost)} are taken over "
        "as they are",
        err=True,
    )
    context.exit(1 if conversion.unsaid or lost or not conversion.object_syncs else 0)
