"""How Sphinx builds the documentation; docs/README.md explains the parts that are our own."""

from __future__ import annotations

import nbstream

project = "nbstream"
author = "The authors of nbstream"
project_copyright = author
release = version = nbstream.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_build", "README.md"]
nitpicky = True

# Each heading down to this level has an anchor, as on GitHub.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline", "attrs_block"]
nb_execution_mode = "off"

html_theme = "pydata_sphinx_theme"
html_title = "nbstream"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
