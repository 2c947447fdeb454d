"""The lock: what is pinned is what is declared, what is installed, and past known faults.

This runs without a network. `make audit-lock` asks the public database of advisories, which knows
more; what it taught us stays in requirements/advisories.csv, so that no later resolution goes back.
"""

import csv
import tomllib
from importlib.metadata import distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.source_tree import ROOT
from tests.architecture.test_delivery import LOCKS, locked

OURS = {"terrace", "pip"}
"""What is installed without a line in the lock: the project, and what every environment has."""


def pins(name: str) -> dict[str, Version]:
    return {canonicalize_name(one): Version(version) for one, version in locked(name).items()}


def declarations() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for: of the program, and of each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = {"runtime": project["dependencies"], **project["optional-dependencies"]}
    return {name: [Requirement(one) for one in lines] for name, lines in listed.items()}


def advisories() -> list[dict[str, str]]:
    path = ROOT / "requirements" / "advisories.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def not_as_locked(
    installed: dict[str, Version], locked_versions: dict[str, Version]
) -> dict[str, str]:
    """What is installed and not pinned, or in another version."""
    return {
        name: f"{version}, locked {locked_versions.get(name)}"
        for name, version in installed.items()
        if name not in OURS and locked_versions.get(name) != version
    }


def too_old(locked_versions: dict[str, Version]) -> list[str]:
    """The advisories whose fix a lock is without."""
    return [
        f"{one['name']} {locked_versions[one['name']]}: {one['advisory']}, {one['about']}"
        for one in advisories()
        if one["name"] in locked_versions
        and locked_versions[one["name"]] < Version(one["fixed_in"])
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_within_what_is_declared(name: str) -> None:
    found, declared = pins(name), declarations()
    asked = [*declared["runtime"], *declared.get(name, ())]
    assert len(asked) >= len(declared["runtime"]) > 10
    for requirement in asked:
        version = found.get(canonicalize_name(requirement.name))
        assert version is not None, f"{name}.txt is without {requirement.name}"
        assert requirement.specifier.contains(version), f"{name}.txt: {requirement.name} {version}"


def test_nothing_is_installed_that_is_not_pinned() -> None:
    installed = {
        canonicalize_name(one.metadata["Name"]): Version(one.version) for one in distributions()
    }
    assert not_as_locked(installed, pins("dev")) == {}
    assert len(installed) > 40
    stranger = {"left-pad": Version("1.0"), "starlette": Version("0.49.0")}
    assert not_as_locked(stranger, pins("dev")).keys() == stranger.keys()


@pytest.mark.parametrize("name", LOCKS)
def test_no_pin_is_older_than_the_fix_of_a_known_fault(name: str) -> None:
    assert too_old(pins(name)) == []


def test_the_table_of_advisories_says_what_it_has_to() -> None:
    known, rows = pins("dev"), advisories()
    assert rows == sorted(rows, key=lambda one: (one["name"], Version(one["fixed_in"])))
    assert len({one["advisory"] for one in rows}) == len(rows)
    for one in rows:
        assert one["name"] == canonicalize_name(one["name"])
        assert one["name"] in known, f"{one['name']} is not in the lock any more"
        assert one["advisory"].startswith(("CVE-", "GHSA-"))
        assert one["about"]
        before = {one["name"]: Version(f"{one['fixed_in']}.dev0")}
        assert any(one["advisory"] in told for told in too_old(before)), one
