"""`object-syncer manifests`: print what an installation consists of."""

import re

import click

from object_syncer import installation as files
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.planning import scope

_NAMESPACE = re.compile(r"[a-z0-9*?]([-a-z0-9*?]{0,61}[a-z0-9*?])?")
_RESOURCE = re.compile(r"(\*|[-a-z0-9.]*)/(\*|[a-z][-a-z0-9]*)")


def _namespaces(_context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        own = value == scope.OWN and parameter.name != "watch_namespace"
        if not own and not _NAMESPACE.fullmatch(value):
            raise click.BadParameter(
                f"{value!r} is not a namespace: lower-case letters, digits and '-', or a glob as team-* or '*' for all"
            )
    return values


def _allowed(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[Json]:
    rules = []
    for value in values:
        match = _RESOURCE.fullmatch(value)
        if not match:
            raise click.BadParameter(
                f"{value!r} is not GROUP/RESOURCE, for example /configmaps or batch/cronjobs or */*"
            )
        rules.append({"apiGroups": [match[1]], "resources": [match[2]]})
    return rules


def _user(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value or re.search(r"['\"\\\s]", value):
        raise click.BadParameter(f"{value!r} is not a user name, for example {api.ENGINE_USER}")
    return value


def _users(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_user(context, parameter, value) for value in values)


def _url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+/?", value):
        raise click.BadParameter(f"{value!r} is not http(s)://HOST[:PORT]; hook paths are added to it")
    return value


@click.command()
@click.option("--hooks-url", default=files.DEFAULT_HOOKS_URL, show_default=True, metavar="URL", callback=_url)
@click.option(
    "--engine-user",
    default=api.ENGINE_USER,
    show_default=True,
    metavar="USER",
    callback=_user,
    help="The user Metacontroller is to the API server.",
)
@click.option(
    "--trusted-user",
    multiple=True,
    metavar="USER",
    callback=_users,
    help="A backup tool that may restore copies as they were.",
)
@click.option("--watch-namespace", multiple=True, metavar="NS", callback=_namespaces, help="Serve ObjectSyncs here.")
@click.option("--source-namespace", multiple=True, metavar="NS", callback=_namespaces, help="Copy from here.")
@click.option("--target-namespace", multiple=True, metavar="NS", callback=_namespaces, help="Copy to here.")
@click.option(
    "--allow", multiple=True, metavar="GROUP/RESOURCE", callback=_allowed, help="Copy these, as batch/cronjobs."
)
@click.option(
    "--conflict-policy",
    multiple=True,
    type=click.Choice(("Adopt", "Overwrite", "*")),
    help="What ObjectSyncs may do about foreign objects, beside Fail.",
)
@click.option(
    "--transform",
    multiple=True,
    type=click.Choice(("metadata", "data", "set", "patches", "*")),
    help="How copies may differ from their source; by default metadata and data.",
)
@click.option("--crds-only", is_flag=True, help="Print the CRDs alone; apply them and wait until they are Established.")
@click.option("--no-crds", is_flag=True, help="Print all but the CRDs.")
def manifests(
    hooks_url: str,
    engine_user: str,
    trusted_user: tuple[str, ...],
    watch_namespace: tuple[str, ...],
    source_namespace: tuple[str, ...],
    target_namespace: tuple[str, ...],
    allow: list[Json],
    conflict_policy: tuple[str, ...],
    transform: tuple[str, ...],
    crds_only: bool,
    no_crds: bool,
) -> None:
    """Print CRDs, guard, controllers and SyncPolicy as YAML. Namespaces and resources: all, unless given; foreign
    objects are left alone, unless --conflict-policy permits more.

    The CRDs must be established before the rest is applied: use --crds-only first, then --no-crds.
    """
    if crds_only and no_crds:
        raise click.UsageError("--crds-only and --no-crds leave nothing to print")
    documents = [] if no_crds else list(files.crds())
    if not crds_only:
        documents += files.admission(engine_user, trusted_user)
        documents += files.controllers(hooks_url)
        lists = (watch_namespace, source_namespace, target_namespace, allow, conflict_policy, transform)
        documents.append(files.policy(*lists))
    click.echo("---\n".join(documents), nl=False)
