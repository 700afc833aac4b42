"""`object-syncer uninstall`: take Object Syncer out of a cluster, with or without its copies."""

import click

from object_syncer.cli.live import options


@click.command()
@options.context
@click.option("--delete-copies", is_flag=True, help="Delete the copies too; those of `deletionPolicy: Retain` stay.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and whether you may do it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall(context: str, delete_copies: bool, dry_run: bool, yes: bool) -> None:
    """Take Object Syncer out of a cluster: controllers, guard, ObjectSyncs, SyncPolicies, SyncSlices, CRDs.

    The copies stay, as ordinary objects without owner, and are never absent. Sources are not touched. If it is
    interrupted, run it again. It acts with your own rights, and checks them first. What runs in Pods is left to helm,
    or whatever you installed it with.

    \b
    Examples:
      object-syncer uninstall --dry-run
      object-syncer uninstall --context staging --delete-copies
      helm uninstall object-syncer --namespace object-syncer   # afterwards

    \b
    Exit code: 0  nothing of it is left
               1  something is in the way; run it again
               2  the cluster is not reached, or you may not do it; nothing was changed
    """
    with options.refusing():
        cluster = options.connect(context)
        from object_syncer.cli.uninstall import stopping, uninstalling  # noqa: PLC0415

        found = uninstalling.look(cluster, delete_copies)
        if found.is_empty:
            click.echo(f"There is nothing of Object Syncer in {cluster.name}.")
            return
        if not options.goes_on(cluster, uninstalling.lines(found), uninstalling.needed(found), dry_run, yes):
            return
        release = stopping.release_name(found.controllers)
        with options.unfinished():
            uninstalling.remove(cluster, delete_copies, lambda line: click.echo(line, err=True))
    if release:
        click.echo(f"Done. What is left runs in Pods: helm uninstall {release[0]} --namespace {release[1]}")
    else:
        click.echo("Done. What is left is the hook server, with its Service and permissions: delete what you applied.")
