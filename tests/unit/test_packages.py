"""What setup.cfg installs is what there is."""

from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "hooks", ROOT / "simulator")


def test_every_package_is_listed_in_setup_cfg() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    packages = [
        ".".join(module.parent.relative_to(source).parts)
        for source in SOURCES
        for module in source.rglob("__init__.py")
    ]
    assert listed == sorted(packages)
