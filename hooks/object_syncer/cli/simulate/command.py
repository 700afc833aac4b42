"""`object-syncer simulate`: try ObjectSyncs without a cluster."""

from typing import TYPE_CHECKING

import click

from object_syncer.cli import running

if TYPE_CHECKING:
    from object_syncer.cli.simulate.outcome import Outcome

_FORMATS = ("table", "yaml", "json")


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, required=True)
@click.option("-o", "--output", default="table", show_default=True, type=click.Choice(_FORMATS), help="What to print.")
@running.create_namespaces
@running.show_secrets
@click.option(
    "--allow-pending",
    is_flag=True,
    help="Exit with 0 also if copies wait for namespaces that do not exist, or no namespace is selected yet.",
)
@click.pass_context
def simulate(
    context: click.Context,
    files: tuple[str, ...],
    output: str,
    create_namespaces: bool,
    show_secrets: bool,
    allow_pending: bool,
) -> None:
    """Show the copies that ObjectSyncs would have, and their status.

    Each FILE ("-" is standard input) contains any mix of objects and Lists, as YAML or JSON: Namespaces, sources,
    ObjectSyncs, CustomResourceDefinitions, SyncPolicies (none: all is allowed), other objects. Of a DIR every .yaml,
    .yml and .json file is read, also in its directories; what is no Kubernetes object there, or a custom resource
    without definition, is left out with a note. The real hooks run on them in a cluster in memory; no other cluster
    is needed or touched.

    \b
    Examples:
      object-syncer simulate examples/configmap-to-all.yaml
      kustomize build overlays/prod | object-syncer simulate -
      kubectl get ns,configmaps,objectsyncs,syncpolicies -A -o yaml | object-syncer simulate - new.yaml

    \b
    Exit code: 0  every ObjectSync is in sync, and every copy is there
               1  some are not, or wait for a namespace, or there is nothing to copy
               2  the input cannot be used
    """
    # Imported here so that the other commands, above all serve, start without the simulation.
    from object_syncer.cli.input.reading import read  # noqa: PLC0415
    from object_syncer.cli.simulate import printing  # noqa: PLC0415

    with running.refusing():
        done = running.simulated(read(files), create_namespaces)
        running.report(done)
        printers = {"table": printing.as_table, "yaml": printing.as_yaml, "json": printing.as_json}
        click.echo(printers[output](done.outcome, show_secrets))
    context.exit(_exit_code(done.outcome, allow_pending))


def _exit_code(outcome: "Outcome", allow_pending: bool) -> int:
    """Return the exit code; says on standard error what the tables do not call wrong."""
    from object_syncer.cli.simulate.outcome import waiting  # noqa: PLC0415

    if not outcome.object_syncs:
        click.echo("Nothing is copied: there is no ObjectSync in the input", err=True)
        return 1
    if not outcome.in_sync:
        return 1
    found = waiting(outcome)
    if not found or allow_pending:
        return 0
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    click.echo(f"Waiting: {'; '.join(found[:3])}{more} (--allow-pending accepts this)", err=True)
    return 1
