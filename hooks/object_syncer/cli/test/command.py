"""`object-syncer test`: ObjectSyncs tested without a cluster, step by step."""

import time
from pathlib import Path

import click

from object_syncer.cli import running


@click.command()
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True)
@click.option("--junit", metavar="FILE", help="Write the results as JUnit XML.", type=click.Path(dir_okay=False))
@click.pass_context
def test(context: click.Context, paths: tuple[str, ...], junit: str | None) -> None:
    """Play the tests in FILE or in the .yaml files of DIR: objects, steps, and what there is to be in the end.

    Each YAML document is a test. Its time is virtual. What must be there may have more than what is written.

    \b
    Example:
      reason: an edited copy is put back
      given: [manifests/]                      # files, directories, objects
      steps:                                   # create, edit, label, delete, wait (seconds), expect
        - edit: {kind: ConfigMap, namespace: team-a, name: settings, patch: {data: {k: edited}}}
      copies: {team-a/settings: {data: {k: v}}, team-b/settings: null}
      states: {team-b/settings: "Failed: TargetNotAllowed"}
      inSync: {default/sync: "False"}          # a status, a reason, or both: "False: TargetNotAllowed"
      says: {default/sync: 1 out of 2}

    \b
    Exit code: 0  all tests pass
               1  some do not
               2  a test or what it gives cannot be used
    """
    from object_syncer.cli.input.reading import BadInput  # noqa: PLC0415
    from object_syncer.cli.test import junit as junit_xml  # noqa: PLC0415
    from object_syncer.cli.test import playing, specs  # noqa: PLC0415

    with running.refusing():
        found, faults = specs.read(list(paths))
        if faults:
            raise BadInput(faults)
        results = []
        for spec in found:
            begin = time.monotonic()
            try:
                failures = playing.play(spec)
            except BadInput as error:
                faults += error.faults
                continue
            results.append(junit_xml.Result(spec.place.file, spec.reason, time.monotonic() - begin, failures))
            click.echo(f"{'FAIL' if failures else 'ok':<5} {spec.place}: {spec.reason}")
            for line in failures:
                click.echo(f"      {line}")
        if faults:
            raise BadInput(faults)
    if junit:
        Path(junit).write_text(junit_xml.report(results))
    failed = sum(bool(result.failures) for result in results)
    click.echo(f"{len(results) - failed} passed, {failed} failed")
    context.exit(1 if failed else 0)
