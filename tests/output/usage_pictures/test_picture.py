"""A picture is sound SVG that escapes everything, and says exact and estimated money apart."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from xml.etree import ElementTree as ET

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nbstream.output.usage_pictures import settled, style, words
from nbstream.output.usage_pictures.figures import Cell, Figures
from nbstream.output.usage_pictures.picture import picture
from tests.output.usage_pictures.examples import FIGURES

_SVG = "{http://www.w3.org/2000/svg}"
_ALLOWED = {"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "text", "tspan"}
#: Attributes that could load or run something.
_BAD = re.compile(r"^on|href$|^style$")


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def shown(svg: str) -> str:
    return " ".join(" ".join(each.itertext()) for each in parsed(svg).iter(f"{_SVG}text"))


@pytest.mark.parametrize("width", [280, 360, 760, 1600])
@pytest.mark.parametrize("name", FIGURES)
def test_every_picture_is_sound_and_within_its_frame(name: str, width: int) -> None:
    drawn = picture(FIGURES[name], width)
    root = parsed(drawn.svg)
    assert {each.tag.removeprefix(_SVG) for each in root.iter()} <= _ALLOWED
    assert not [each for every in root.iter() for each in every.attrib if _BAD.search(each)]
    assert "http" not in drawn.svg.replace("http://www.w3.org/2000/svg", "")
    assert (root.get("role"), root.get("width")) == ("img", str(width))
    labels = str(root.get("aria-labelledby")).split()
    assert all(root.find(f".//*[@id='{each}']") is not None for each in labels)
    for each in root.iter(f"{_SVG}text"):
        assert 0 <= float(each.get("x", "")) <= width
        assert 0 <= float(each.get("y", "")) <= drawn.height
    for box in re.findall(r"M([\d.-]+) ([\d.-]+)h([\d.-]+)v([\d.-]+)", drawn.svg):
        x, y, wide, high = map(float, box)
        assert min(x, y) >= 0, box
        assert x + wide <= width + 0.2, box
        assert y + high <= drawn.height + 0.2, box
    for area in drawn.areas:
        left, top, wide, high = area.box
        assert left >= 0
        assert left + wide <= width
        assert top >= 0
        assert top + high <= drawn.height
        places = [each.start for each in area.marks]
        assert places == sorted(places)


def test_hostile_names_are_text() -> None:
    drawn = picture(FIGURES["hostile"])
    assert "<img" not in drawn.svg
    assert "<img src=x onerror=window.HIT=1></script>" in shown(drawn.svg)
    html = settled.html(FIGURES["hostile"])
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "<img" not in html
    markdown = settled.markdown(FIGURES["hostile"])
    assert "<img" not in markdown.replace("\\<img", "")


@given(st.text())
def test_any_name_is_sound(name: str) -> None:
    (cell, *_) = FIGURES["one"].cells
    figures = replace(FIGURES["one"], title=name, model=name, note=name, cells=(Cell(name, cell.amounts),))
    for width in (280, 760):
        parsed(picture(figures, width).svg)
    # What cannot be encoded cannot be saved.
    assert all(each.encode() for each in settled.bundle(figures).values())


@pytest.mark.parametrize("name", FIGURES)
def test_what_stays_in_the_file_can_be_saved(name: str) -> None:
    assert all(each.encode() for each in settled.bundle(FIGURES[name]).values())


def test_estimates_are_hatched_labelled_and_never_added() -> None:
    drawn = picture(FIGURES["month"])
    total = FIGURES["month"].total
    (money,) = total.money
    root = parsed(drawn.svg)
    hatched = [each for each in root.iter(f"{_SVG}path") if each.get("class") == "nbu-about"]
    # The legend, spend, tokens, the cells.
    assert len(hatched) == 4
    assert {each.get("fill") for each in hatched} == {"url(#nbu-about)"}
    assert f"about {words.amount(money.about, 'USD')}" in shown(drawn.svg)
    assert words.amount(money.exact, "USD") in shown(drawn.svg)
    assert words.amount(money.exact + money.about, "USD") not in shown(drawn.svg)
    assert "the cost of 1 is not known" in shown(drawn.svg)


def test_currencies_are_never_mixed() -> None:
    said = shown(picture(FIGURES["hostile"]).svg)
    assert "Spend in CNY" in said
    assert "Spend in USD" in said
    assert "CNY 17.10" in said
    assert "$0.54" in said


def test_what_is_simulated_replayed_or_cached_is_said() -> None:
    assert "would have cost" in shown(picture(FIGURES["simulated"]).svg)
    assert "simulated" in settled.text(FIGURES["simulated"])
    said = shown(picture(FIGURES["month"]).svg)
    assert "12 from nbstream's cache, which cost nothing" in said
    assert "3 replayed, which cost nothing" in said


def test_an_unknown_cost_is_never_zero() -> None:
    for text in (shown(picture(FIGURES["unknown"]).svg), *settled.bundle(FIGURES["unknown"]).values()):
        assert "$0" not in text
        assert "not known" in text or "unknown cost" in text


def test_a_tiny_amount_beside_a_huge_one_is_seen() -> None:
    heights = re.findall(r"M[\d.]+ [\d.]+h[\d.]+v([\d.]+)", picture(FIGURES["huge-and-tiny"]).svg)
    assert min(map(float, heights)) >= 0.9


def test_the_file_has_the_picture_and_the_same_numbers() -> None:
    bundle = settled.bundle(FIGURES["month"])
    assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    found = re.search(r"url\(&quot;data:image/svg\+xml;base64,([^&]+)&quot;\)", bundle["text/html"])
    assert found is not None
    assert b64decode(found[1]).decode() == picture(FIGURES["month"]).svg
    for kind in ("text/html", "text/markdown", "text/plain"):
        assert all(each in bundle[kind] for each in ("Mon 9 Nov 2026", "regression.ipynb", "median"))


def test_dots_stand_for_equal_shares() -> None:
    root = parsed(picture(Figures("all", "", "day", FIGURES["one"].periods, rates=FIGURES["month"].rates)).svg)
    found = [str(each.get("d")) for each in root.iter(f"{_SVG}path") if each.get("class") == "nbu-dots"]
    assert found[-1].count("h0") == 20


def test_the_contrast_of_text_and_colours_is_enough_in_both_schemes() -> None:
    for colours in (style._LIGHT, style._DARK):
        for name in ("text", "dim", "note"):
            assert _contrast(colours[name], colours["card"]) >= 4.5
        for name in ("hit", "miss", "reasoning", "answer", "whole"):
            assert _contrast(colours[name], colours["card"]) >= 3, name


def _contrast(one: str, other: str) -> float:
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
