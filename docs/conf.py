"""How Sphinx builds the documentation; docs/README.md explains the parts that are our own."""

from __future__ import annotations

import sys
from pathlib import Path

import nbstream

sys.path.insert(0, str(Path(__file__).parent))

project = "nbstream"
author = "The authors of nbstream"
project_copyright = author
release = version = nbstream.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design", "extension"]
exclude_patterns = ["_build", "README.md", "extension"]
nitpicky = True
# Signatures name more than the public names, which are checked.
nitpick_ignore_regex = [("py:class", r"(?!nbstream\.\w+$).*")]
# A single backtick in a docstring is code, as in Markdown.
default_role = "literal"
napoleon_use_ivar = True

# Each heading down to this level has an anchor, as on GitHub.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline", "attrs_block"]
nb_execution_mode = "off"

# IPython's lexer gives up at a shell command of several lines, and colours it as well as it can.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "pydata_sphinx_theme"
html_title = "nbstream"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_favicon = "_static/icon.svg"
html_sidebars = {"**": ["pages"]}
html_context = {"default_mode": "auto"}
templates_path = ["_templates"]
html_theme_options = {
    "logo": {"text": "nbstream", "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "github-light-high-contrast",
    "pygments_dark_style": "github-dark-high-contrast",
}
