"""What the commands that simulate share: options, errors, notes, progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from object_syncer.cli.input.reading import Input
    from object_syncer.cli.simulate.trial import Trial

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Refused(click.ClickException):
    """Messages of one line each, with the exit code of input that cannot be used."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print each message in a line of its own."""
        for line in self.message.splitlines():
            click.echo(f"Error: {line}", file=file, err=file is None)


def create_namespaces(command: _Command) -> _Command:
    """Add the option --create-namespaces."""
    help_ = "Add every namespace that an object is in, or an ObjectSync names."
    return click.option("--create-namespaces", is_flag=True, help=help_)(command)


def show_secrets(command: _Command) -> _Command:
    """Add the option --show-secrets."""
    return click.option("--show-secrets", is_flag=True, help="Print the values of Secrets instead of ***.")(command)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn bad input, and defects of ours, into Refused."""
    from object_syncer.cli.input.reading import BadInput  # noqa: PLC0415
    from object_syncer.kube import defects  # noqa: PLC0415

    try:
        yield
    except (click.ClickException, click.Abort):
        raise
    except BadInput as error:
        raise Refused(str(error)) from None
    except Exception as defect:  # its message might quote a Secret
        raise Refused(f"a defect of Object Syncer, please report it: {defects.place(defect)}") from None


def simulated(found: "Input", create_namespaces: bool = False) -> "Trial":
    """Return what comes of the input, with progress on standard error. Raises BadInput."""
    from object_syncer.cli import progress  # noqa: PLC0415
    from object_syncer.cli.simulate import trial  # noqa: PLC0415

    with progress.shown() as report:
        return trial.run(found, create_namespaces, report)


def report(*trials: "Trial") -> None:
    """Print on standard error what was left out of the input, and what kept a simulation from coming to rest."""
    for note in dict.fromkeys(note for done in trials for note in done.notes):
        click.echo(f"Note: {note}", err=True)
    for done in trials:
        if done.outcome.loop:
            click.echo(f"Loop: {done.outcome.loop}", err=True)
