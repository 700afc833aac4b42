"""`object-syncer migrate`: take over what another tool copies."""

import click

from object_syncer.cli.live import options


@click.group()
def migrate() -> None:
    """Take over, in a cluster, what another tool copies."""


@migrate.command()
@options.context
@click.option(
    "--deployment", default="", metavar="NAMESPACE/NAME", help="The original's; by default it is found by its image."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and whether you may do it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def upstream(context: str, deployment: str, dry_run: bool, yes: bool) -> None:
    """Take over from rustrial/k8s-object-syncer: its ObjectSyncs are kept, its copies become ours as they are.

    It scales the original to zero, and takes its finalizer off copies, sources and ObjectSyncs; nothing is deleted.
    Object Syncer may be installed before or afterwards: it then takes over each copy as it is, under
    `conflictPolicy: Fail` too. If it is interrupted, run it again. It acts with your own rights, and checks them first.

    \b
    Examples:
      object-syncer migrate upstream --dry-run
      object-syncer migrate upstream --context staging

    \b
    Exit code: 0  nothing of the original is left
               1  something is in the way; run it again
               2  the cluster is not reached, or you may not do it; nothing was changed
    """
    if deployment and len([part for part in deployment.split("/") if part]) != 2:
        raise click.UsageError(f"{deployment!r} is not NAMESPACE/NAME")
    with options.refusing():
        cluster = options.connect(context)
        from object_syncer.cli.migrate import migrating  # noqa: PLC0415

        found = migrating.look(cluster, deployment)
        if not (found.deployments or found.objects or found.object_syncs):
            click.echo(f"There is nothing of the original Object Syncer in {cluster.name}.")
            return
        if not options.goes_on(cluster, migrating.lines(found), migrating.needed(found), dry_run, yes):
            return
        with options.unfinished():
            migrating.migrate(cluster, deployment, lambda line: click.echo(line, err=True))
    click.echo("Done. Install Object Syncer now, unless it is: docs/upgrade.md, Come from the original.")
