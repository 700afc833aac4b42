"""`object-syncer simulate`: try ObjectSyncs without a cluster."""

import click

_FORMATS = ("table", "yaml", "json")


class _Refused(click.ClickException):
    """A message of one line, with the exit code of input that cannot be used."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-o", "--output", default="table", show_default=True, type=click.Choice(_FORMATS), help="What to print.")
@click.option(
    "--create-namespaces", is_flag=True, help="Add every namespace that an object is in, or an ObjectSync names."
)
@click.pass_context
def simulate(context: click.Context, files: tuple[str, ...], output: str, create_namespaces: bool) -> None:
    """Show the copies that ObjectSyncs would have, and their status.

    Each FILE ("-" is standard input) contains any mix of objects and Lists, as YAML or JSON: Namespaces, sources,
    ObjectSyncs, CustomResourceDefinitions, SyncPolicies (none: all is allowed), other objects. The real hooks run on
    them in a cluster in memory; no other cluster is needed or touched.

    \b
    Exit code: 0  every ObjectSync is in sync
               1  some are not
               2  the input cannot be used
    """
    # Imported here so that the other commands, above all serve, start without the simulation.
    from object_syncer.cli import printing, trial  # noqa: PLC0415
    from object_syncer.cli.reading import BadInput, read  # noqa: PLC0415
    from object_syncer.kube import defects  # noqa: PLC0415

    try:
        outcome = trial.run(read(files), create_namespaces)
    except BadInput as error:
        raise _Refused(str(error)) from None
    except Exception as defect:  # its message might quote a Secret
        raise _Refused(f"a defect of Object Syncer, please report it: {defects.place(defect)}") from None
    printers = {"table": printing.as_table, "yaml": printing.as_yaml, "json": printing.as_json}
    click.echo(printers[output](outcome))
    if outcome.loop:
        click.echo(f"Loop: {outcome.loop}", err=True)
    context.exit(0 if outcome.in_sync else 1)
