"""`object-syncer explain`: why a copy is there, or is not."""

import click

from object_syncer.cli import running


@click.command()
@click.argument("words", metavar="[KIND] NAMESPACE/NAME [FILE|DIR...]", nargs=-1, required=True)
@click.option("--context", "name", default="", metavar="CTX", help="Explain what is in the cluster of this context.")
@running.create_namespaces
@running.show_secrets
@click.pass_context
def explain(
    context: click.Context, words: tuple[str, ...], name: str, create_namespaces: bool, show_secrets: bool
) -> None:
    """Say why an object is copied to NAMESPACE/NAME, or is not.

    It follows the way from the source over ObjectSync, SyncPolicy and namespace to the copy, shows what the copy would
    be, and what that changes of the object that is there. Of an ObjectSync it names every namespace, also those that
    get no copy. FILE and DIR are as for simulate; "-" is a dump on standard input. Where they show the status of
    ObjectSyncs, and events, as a cluster does, these are quoted.

    \b
    Examples:
      object-syncer explain team-a/settings manifests/
      object-syncer explain objectsync default/sync manifests/
      object-syncer explain team-a/settings --context staging
      kubectl get ns,configmaps,objectsyncs,syncpolicies,events -A -o yaml | object-syncer explain team-a/settings -

    \b
    Exit code: 0  the copy, or the ObjectSync, is in sync
               1  it is not, or there is no such copy: the output says why
               2  the input cannot be used
    """
    from object_syncer.cli.explain import explaining  # noqa: PLC0415
    from object_syncer.cli.input.reading import read  # noqa: PLC0415
    from object_syncer.cli.live import options  # noqa: PLC0415

    wanted, files = _wanted(words)
    if files and name:
        raise click.UsageError("files and --context exclude each other")
    if not files and not name:
        raise click.UsageError(
            'no FILE, DIR or --context is given; "-" reads a dump: kubectl get ... -A -o yaml | ... -'
        )
    with options.refusing():
        found = read(files) if files else options.dump(name)
        done = running.simulated(found, create_namespaces)
        running.report(done)
        explanation = explaining.explain(explaining.Wanted(*wanted), found, done, show_secrets)
        click.echo("\n".join(explanation.lines))
    context.exit(0 if explanation.well else 1)


def _wanted(words: tuple[str, ...]) -> tuple[tuple[str, str, str], tuple[str, ...]]:
    """Return kind ("" if not given), namespace and name, and the files."""
    kind = "" if "/" in words[0] else words[0]
    rest = words[1:] if kind else words
    namespace, slash, name = rest[0].partition("/") if rest else ("", "", "")
    if not (slash and namespace and name) or "/" in name:
        given = rest[0] if rest else kind
        raise click.UsageError(f"{given!r} is not NAMESPACE/NAME, for example team-a/settings, perhaps after a KIND")
    return (kind, namespace, name), rest[1:]
