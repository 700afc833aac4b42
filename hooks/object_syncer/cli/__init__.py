"""The command line, `object-syncer`: each command is a module with one click command."""

import click

from object_syncer import __version__
from object_syncer.cli.convert.command import convert
from object_syncer.cli.diff.command import diff
from object_syncer.cli.doctor.command import doctor
from object_syncer.cli.explain.command import explain
from object_syncer.cli.manifests import manifests
from object_syncer.cli.migrate.command import migrate
from object_syncer.cli.serve import serve
from object_syncer.cli.simulate.command import simulate
from object_syncer.cli.test.command import test
from object_syncer.cli.uninstall.command import uninstall


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="object-syncer")
def main() -> None:
    """Keep copies of a Kubernetes object identical in every namespace that wants one."""


for command in (serve, manifests, simulate, explain, diff, test, convert, doctor, uninstall, migrate):
    main.add_command(command)
