"""Looks into the wheel and the sdist of a folder: `python -m tests.wheel dist`.

Fails if the wheel lacks a file of the package, has one that does not belong there, or if one of
both holds what looks like a secret.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SCRIPTS = {"stub.js", "reply.js", "cells.js"}
_HAVE_MADE_UP_KEYS = ("tests/", "benchmarks/")
#: A key of a provider, of a cloud or of a package index; a private key.
_SECRET = re.compile(
    rb"\b(sk-(?:ant-|or-|proj-)?[A-Za-z0-9_]{32,}|pypi-[A-Za-z0-9_-]{40,}|AKIA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36})"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)


def main(folder: Path) -> None:
    """Check both files, and print what is in the wheel."""
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(sdist) as source:
        sources = {each.name.partition("/")[2]: source.extractfile(each) for each in source if each.isfile()}
        found = [
            name
            for name, file in sources.items()
            if file and not name.startswith(_HAVE_MADE_UP_KEYS) and _SECRET.search(file.read())
        ]
    found += [name for name, content in files.items() if _SECRET.search(content)]
    assert not found, f"looks like a secret: {found}"

    tracked = subprocess.run(
        ["git", "ls-files", "nbstream", "notebooks"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split()
    wanted = {f"nbstream/{name}" if name.startswith("notebooks/") else name for name in tracked}
    packaged = {name for name in files if ".dist-info/" not in name}
    built = {name for name in packaged if name.startswith("nbstream/static/")}
    assert packaged - built == wanted, f"more or less than in git: {sorted((packaged - built) ^ wanted)}"
    assert {Path(name).name for name in built} >= _SCRIPTS, "the page's code is missing"
    assert "nbstream/py.typed" in packaged

    about = {Path(name).name: content for name, content in files.items() if ".dist-info/" in name}
    metadata = message_from_bytes(about["METADATA"])
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert about["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert "nbstream = nbstream.cli:main" in about["entry_points.txt"].decode()
    print(f"{wheel.name}: {len(files)} files, {wheel.stat().st_size:,} bytes; {sdist.name}: {sdist.stat().st_size:,}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
