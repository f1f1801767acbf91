"""The colours and fonts of a picture in a file, where the page's theme does not reach.

An image follows the `color-scheme` of the element that shows it, and else the reader's system. Its
background is its own, so it can be read on any page. The page's style sheet has the same rules with
the theme's variables (js/src/usage/usage.css).
"""

from __future__ import annotations

_FONT = 'system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",Helvetica,Arial,sans-serif'
#: Blue is what is sent, orange what comes back; of both, the paler one is cheaper or unseen.
_LIGHT = {
    "card": "#fff",
    "line": "#dcdcdc",
    "grid": "#ececec",
    "text": "#212121",
    "dim": "#616161",
    "note": "#a35200",
    "hit": "#5494ce",
    "miss": "#164f94",
    "reasoning": "#c5801f",
    "answer": "#8a4708",
    "whole": "#8a8a8a",
}
_DARK = {
    "card": "#111",
    "line": "#3d3d3d",
    "grid": "#2a2a2a",
    "text": "#f0f0f0",
    "dim": "#adadad",
    "note": "#ffb74d",
    "hit": "#8fc1f0",
    "miss": "#3f83cf",
    "reasoning": "#f2c583",
    "answer": "#cf7f2c",
    "whole": "#9a9a9a",
}


def _rules(colours: dict[str, str]) -> str:
    fills = "".join(f".nbu-{each}{{fill:{colours[each]}}}" for each in ("hit", "miss", "reasoning", "answer", "whole"))
    text, dim = colours["text"], colours["dim"]
    return (
        f"{fills}.nbu-card{{fill:{colours['card']};stroke:{colours['line']}}}"
        f".nbu-title,.nbu-big,.nbu-middle,.nbu-name,.nbu-value{{fill:{text}}}.nbu-dim{{fill:{dim}}}"
        f".nbu-note{{fill:{colours['note']}}}.nbu-grid{{stroke:{colours['grid']}}}.nbu-axis{{stroke:{colours['line']}}}"
        f".nbu-about,.nbu-stripe{{stroke:{dim}}}.nbu-line{{stroke:{colours['hit']}}}.nbu-dots{{stroke:{colours['miss']}}}"
    )


STANDALONE = (
    f".nbu{{font:12px {_FONT};font-variant-numeric:tabular-nums}}"
    ".nbu-big{font-size:24px;font-weight:600}.nbu-middle{font-size:15px}.nbu-title{font-weight:600}"
    ".nbu-dim,.nbu-name,.nbu-value{font-size:11px}"
    ".nbu-grid,.nbu-axis,.nbu-card{stroke-width:1}.nbu-about{stroke-width:.75}.nbu-stripe{stroke-width:1;fill:none}"
    ".nbu-line{fill:none;stroke-width:1.5}.nbu-dots{fill:none;stroke-linecap:round}"
    f"{_rules(_LIGHT)}@media(prefers-color-scheme:dark){{{_rules(_DARK)}}}"
)
