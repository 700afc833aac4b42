"""`object-syncer diff`: what a change of manifests does before it is merged."""

import click

from object_syncer.cli import running

_FORMATS = ("text", "markdown", "json")


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--live", multiple=True, metavar="FILE|DIR", help='A dump of the cluster, as for simulate; "-" is standard input.'
)
@click.option("--context", "name", default="", metavar="CTX", help="Read from this context what --live would.")
@click.option("-o", "--output", default="text", show_default=True, type=click.Choice(_FORMATS), help="What to print.")
@click.option(
    "--max-deletes", type=click.IntRange(0), metavar="N", help="Fail, with exit code 2, if more copies are deleted."
)
@running.create_namespaces
@running.show_secrets
@click.pass_context
def diff(
    context: click.Context,
    old: str,
    new: str,
    live: tuple[str, ...],
    name: str,
    output: str,
    max_deletes: int | None,
    create_namespaces: bool,
    show_secrets: bool,
) -> None:
    """Say which copies a change of manifests creates, changes and deletes, and which conflicts it makes.

    OLD and NEW are files or directories, as for simulate: the manifests before and after the change. OLD is simulated;
    if there is --live or --context, in that cluster, where the manifests take the place of the objects that they name.
    Then NEW is applied there, and what is in OLD but not in NEW is removed.

    \b
    Examples:
      object-syncer diff old/ new/
      kubectl get ns,configmaps,objectsyncs,syncpolicies -A -o yaml | object-syncer diff --live - old/ new/
      object-syncer diff --context staging old/ new/
      object-syncer diff -o markdown --max-deletes 10 old/ new/ > comment.md

    \b
    Exit code: 0  the copies are the same
               1  they differ
               2  the input cannot be used, or more copies are deleted than --max-deletes allows
    """
    from object_syncer.cli import progress  # noqa: PLC0415
    from object_syncer.cli.diff import comparing  # noqa: PLC0415
    from object_syncer.cli.diff import output as printed  # noqa: PLC0415
    from object_syncer.cli.input.reading import read  # noqa: PLC0415
    from object_syncer.cli.live import options  # noqa: PLC0415
    from object_syncer.cli.simulate import trial  # noqa: PLC0415

    if live and name:
        raise click.UsageError("--live and --context exclude each other")
    with options.refusing():
        there = read(live) if live else None
        before, after = read([old]), read([new])
        if name:
            there = options.dump(name, [item.obj for item in (*before.given, *after.given)])
        with progress.shown() as report:
            trials = trial.change(*comparing.worlds(before, after, there), create_namespaces, report)
        running.report(*trials)
        found = comparing.compare(*(done.outcome for done in trials))
        click.echo(printed.PRINTERS[output](found, show_secrets))
    if max_deletes is not None and len(found.deleted) > max_deletes:
        raise running.Refused(f"{len(found.deleted)} copies would be deleted; --max-deletes is {max_deletes}")
    context.exit(0 if found.same else 1)
