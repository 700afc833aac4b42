"""Makes Markdown tables of what `make bench-cluster` or `make bench-planner` printed. The best of each row is bold.

    python tests/bench/report.py figures.jsonl              # prints them
    python tests/bench/report.py figures.jsonl docs/x.md    # puts them into a page, in place of the earlier ones

The columns are described in cluster.py and scaling.py. In a page, tables are between two comments: START and END.
"""

import json
import sys
from pathlib import Path
from typing import Any

Figures = dict[str, Any]

START, END = "<!-- figures -->", "<!-- end of figures -->"


def main() -> None:
    """Print the tables, or put them into a page."""
    made = tables([json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()])
    if len(sys.argv) > 2:
        page = Path(sys.argv[2])
        page.write_text(replaced(page.read_text(), made))
    else:
        print(made)


def replaced(page: str, made: str) -> str:
    """Return a page with these tables between START and END; raise ValueError if it has no such place."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"no place for figures: the page needs the comments {START} and {END}")
    return f"{before}{START}\n\n{made}\n{END}{after}"


def tables(lines: list[Figures]) -> str:
    """Return Markdown: the machine, what users wait for, then calls and processes in detail, then the planner."""
    machine = next((line for line in lines if "cpus" in line), {})
    measured = [line for line in lines if "phase" in line]
    planned = [line for line in lines if "policies" in line]
    syncers = list(dict.fromkeys(line["syncer"] for line in measured))
    parts = [_machine(machine, measured)]
    if measured:
        parts += [_comparison(measured, syncers), *(_details(measured, s) for s in syncers)]
    if planned:
        parts.append(_planner(planned))
    return "\n".join(parts)


def _machine(machine: Figures, measured: list[Figures]) -> str:
    versions = "".join(f"Kubernetes {version}, " for version in dict.fromkeys(line["kubernetes"] for line in measured))
    limits = sorted(line["api_server_applies_per_second"] for line in measured)
    api_server = (
        f" The API server alone took {limits[0]} to {limits[-1]} changed server-side applies per second."
        if limits
        else ""
    )
    return (
        f"Measured on {machine.get('date')}: {machine.get('cpus')} CPUs, {machine.get('gigabytes')} GB, {versions}"
        f"Python {machine.get('python')}, load of other programs {machine.get('load')} at the start.{api_server}\n"
    )


def _planner(planned: list[Figures]) -> str:
    head = [
        "ObjectSyncs x namespaces",
        "SyncPolicies",
        "SyncSlices",
        "request MB",
        "answer MB",
        "s",
        "MB of the server",
    ]
    rows = [
        [
            f"{line['objects']} x {line['namespaces']}",
            _number(line["policies"]),
            *(_number(line[key]) for key in ("slices", "request_megabytes", "answer_megabytes", "seconds")),
            _number(line["peak_megabytes"]),
        ]
        for line in planned
    ]
    return _table(head, rows)


def _comparison(measured: list[Figures], syncers: list[str]) -> str:
    head = ["objects x namespaces", "phase", *(f"{s}: s / calls / CPU-s of the API server" for s in syncers)]
    rows = []
    for key in dict.fromkeys(_key(line) for line in measured):
        found = {line["syncer"]: line for line in measured if _key(line) == key}
        best = min((line["seconds"] for line in found.values() if "seconds" in line), default=None)
        rows.append([key[0], key[1], *(_cell(found.get(s), best if len(found) > 1 else None) for s in syncers)])
    return _table(head, rows)


def _key(line: Figures) -> tuple[str, str]:
    return f"{line['objects']} x {line['namespaces']}", line["phase"]


def _cell(line: Figures | None, best: float | None) -> str:
    if line is None:
        return "-"
    worst = f" (worst {line['worst']})" if line["rounds"] > 1 else ""
    seconds = f"{line['seconds']}{worst}" if "seconds" in line else "-"
    if best is not None and line.get("seconds") == best:
        seconds = f"**{seconds}**"
    return f"{seconds} / {_number(line['calls'])} / {line['cpu_seconds']['kube-apiserver']}"


def _details(measured: list[Figures], syncer: str) -> str:
    head = ["objects x namespaces", "phase", "calls", "CPU-s", "MB"]
    rows = [
        [*_key(line), _listed(line["by_call"]), _listed(line["cpu_seconds"]), _listed(line["megabytes"])]
        for line in measured
        if line["syncer"] == syncer
    ]
    return f"Calls (per round), CPU time and memory of {syncer}:\n\n{_table(head, rows)}"


def _listed(figures: Figures) -> str:
    return ", ".join(f"{_number(value)} {name}" for name, value in figures.items() if value)


def _number(value: float) -> str:
    return f"{value:g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
