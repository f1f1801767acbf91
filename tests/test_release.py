"""What a release consists of agrees: version, changelog, citation, conda recipe, README."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbstream

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
_MOST_LINES = 150
_LARGEST_PICTURE = 2_000_000
#: Links and pictures that are no addresses.
_PATHS = re.compile(r'(?:\]\(|src(?:set)?=")(?![a-z]+:|#)([^)"\s#]+)')


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_changelog_and_citation_have_the_version_and_one_date() -> None:
    version = re.escape(nbstream.__version__)
    found = re.search(rf"^## \[?{version}\]? - (\d{{4}}-\d\d-\d\d)$", read("CHANGELOG.md"), re.MULTILINE)
    assert found
    citation = read("CITATION.cff")
    assert f"\nversion: {nbstream.__version__}\n" in citation
    assert f'\ndate-released: "{found[1]}"\n' in citation


def test_the_conda_recipe_has_the_version_and_the_dependencies_of_the_package() -> None:
    recipe = read("conda/recipe.yaml")
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert f'\n  version: "{nbstream.__version__}"\n' in recipe
    assert f'\n  python_min: "{project["requires-python"].removeprefix(">=")}"\n' in recipe
    run = recipe.partition("\n  run:\n")[2].partition("\n\n")[0]
    listed = re.findall(r"^    - (\S+) (\S+)$", run, re.MULTILINE)
    wanted = [re.fullmatch(r"([\w-]+)(\S+)", each) for each in project["dependencies"]]
    assert [(name.replace("_", "-"), bounds) for name, bounds in listed if name != "python"] == [
        (each[1], each[2]) for each in wanted if each
    ]
    assert all(wanted)


def test_the_readme_is_short_and_its_links_and_pictures_are_there() -> None:
    assert len(README.splitlines()) <= _MOST_LINES
    paths = _PATHS.findall(README)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
    pictures = [ROOT / path for path in paths if path.endswith(".webp")]
    assert len(pictures) == 2
    assert all(picture.stat().st_size < _LARGEST_PICTURE for picture in pictures)


def test_the_chinese_readme_has_the_links_headings_code_and_table_of_the_english_one() -> None:
    chinese = read("README.zh.md")
    links = {path for path in _PATHS.findall(chinese) if not path.startswith("notebooks/zh/")}
    assert links - {"README.md"} == set(_PATHS.findall(README)) - {"README.zh.md"}
    assert all((ROOT / path).exists() for path in _PATHS.findall(chinese))
    for start in ("#", "```", "| ", "1", "- "):
        counts = [sum(line.startswith(start) for line in text.splitlines()) for text in (README, chinese)]
        assert counts[0] == counts[1], start


def test_the_readme_has_whole_addresses_on_pypi_where_the_repository_is_known() -> None:
    repository = "https://example.org/some/nbstream"
    said = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata"],
        cwd=ROOT,
        env={**os.environ, "NBSTREAM_REPOSITORY": repository},
        capture_output=True,
        check=True,
        text=True,
    )
    metadata = json.loads(said.stdout)
    shown = metadata["readme"]["text"]
    tag = f"v{nbstream.__version__}"
    assert _PATHS.findall(shown) == []
    assert f'src="{repository}/raw/{tag}/docs/moving-light.webp"' in shown
    assert f"]({repository}/blob/{tag}/CONTRIBUTING.md)" in shown
    assert metadata["urls"]["Source"] == repository
