#!/usr/bin/env python3
"""Holds every dependency's licence against the list in deny.toml.

The same rule as `cargo deny check licenses`, for machines without cargo-deny. Needs Python 3.11 and cargo.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tokens(expression: str) -> list[str]:
    """Splits an SPDX expression; the old form "MIT/Apache-2.0" means OR."""
    text = expression.replace("/", " OR ").replace(" WITH ", "+WITH+")
    return [t.replace("+WITH+", " WITH ") for t in re.findall(r"[()]|[^\s()]+", text)]


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether some choice that the expression offers is in the list. AND binds closer than OR."""
    rest = tokens(expression)

    def either() -> bool:
        value = both()
        while rest and rest[0] == "OR":
            rest.pop(0)
            value = both() or value
        return value

    def both() -> bool:
        value = one()
        while rest and rest[0] == "AND":
            rest.pop(0)
            value = one() and value
        return value

    def one() -> bool:
        if not rest:
            raise ValueError(f"the licence expression {expression!r} breaks off")
        token = rest.pop(0)
        if token != "(":
            return token in licences
        value = either()
        if not rest or rest.pop(0) != ")":
            raise ValueError(f"the licence expression {expression!r} lacks a bracket")
        return value

    value = either()
    if rest:
        raise ValueError(f"the licence expression {expression!r} goes on after its end")
    return value


def self_test() -> None:
    for expression, want in [
        ("MIT", True),
        ("GPL-3.0", False),
        ("GPL-3.0 OR MIT", True),
        ("GPL-3.0/MIT", True),
        ("MIT AND GPL-3.0", False),
        ("(GPL-3.0 OR MIT) AND ISC", True),
        ("MIT AND (GPL-3.0 OR LGPL-3.0)", False),
        ("Apache-2.0 WITH LLVM-exception", False),
    ]:
        assert allowed(expression, {"MIT", "ISC"}) is want, expression


def main() -> int:
    self_test()
    rules = tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]
    exceptions = {e["crate"]: set(e["allow"]) for e in rules["exceptions"]}
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    refused = []
    for package in packages:
        licences = set(rules["allow"]) | exceptions.get(package["name"], set())
        expression = package["license"]
        if expression is None or not allowed(expression, licences):
            refused.append(f"{package['name']} {package['version']}: {expression or 'no licence named'}")
    for line in sorted(refused):
        print(line)
    unused = sorted(exceptions.keys() - {p["name"] for p in packages})
    for name in unused:
        print(f"deny.toml makes an exception for {name}, which is not a dependency")
    print(f"{len(packages)} packages looked at, {len(refused)} refused")
    return 1 if refused or unused else 0


if __name__ == "__main__":
    sys.exit(main())
