"""README.md, or another page, as data: its sections, the commands in them, and what they print."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Self

from controlplane.processes import free_port

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


class Shown(NamedTuple):
    """A command and what the README shows of its output."""

    command: str
    output: str


def section(title: str, page: Path = README) -> str:
    """Return the text of the section with that heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {title!r}"
    return found[1]


def script(title: str, page: Path) -> str:
    """Return the last shell block of a section, whole."""
    return _blocks("sh", section(title, page))[-1]


def commands(title: str) -> list[str]:
    """Return the commands of a section's shell blocks, in order."""
    blocks = _blocks("sh", section(title))
    return [command for block in blocks for command in block.replace("\\\n", " ").splitlines() if command]


def shown(title: str) -> list[Shown]:
    """Return the commands of a section whose output is shown."""
    return _shown(section(title))


def shown_on(page: Path) -> list[Shown]:
    """Return the commands of a page whose output is shown."""
    return _shown(page.read_text())


def _shown(text: str) -> list[Shown]:
    parts = (block.removeprefix("$ ").partition("\n") for block in _blocks("console", text))
    return [Shown(command, output) for command, _, output in parts]


def _blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Shell:
    """Runs the README's commands as a user of a cluster would; what they leave running is stopped at the end."""

    def __init__(self, kubeconfig: Path) -> None:
        """Use the cluster of that kubeconfig, and a free port in place of the README's."""
        programs = Path(sys.executable).parent
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PATH": f"{programs}:{os.environ['PATH']}"}
        self._port = str(free_port())
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, command: str) -> str:
        """Run one command and return its output; one that ends with "&" is left running."""
        command = re.sub(r"\b8080\b", self._port, command)
        if command.endswith("&"):
            words = shlex.split(command.removesuffix("&"))
            self._running.append(subprocess.Popen(words, cwd=ROOT, env=self._environment))
            return ""
        piped = ["bash", "-o", "pipefail", "-c", command]
        done = subprocess.run(piped, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what is left running."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(20)
