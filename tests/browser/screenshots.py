"""Takes the pictures of the README from the real demo: `python -m tests.browser.screenshots`.

Each is one notebook in JupyterLab, light and dark: a settled reply above, one that is being thought
about below.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from nbstream.simulator.server import Simulator
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

PICTURES = kernels.ROOT / "docs"
CELLS = [
    "%load_ext nbstream",
    "%%deepseek -o lunch\nWhy does the median resist outliers? [simulate: normal tokens=330 rate=400]",
    "%%deepseek -m pro --effort high -o plan\nPlan a database migration without downtime.",
]


def main() -> None:
    """Write `docs/light.png` and `docs/dark.png`."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(port=0, rate=40, first_token=0.4) as simulator,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder), {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": "simulated"})
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile",
            executable_path=chromium(),
            headless=True,
            args=CHROMIUM_FLAGS,
            viewport={"width": 980, "height": 1090},
            device_scale_factor=1.5,
        )
        for theme in ("light", "dark"):
            lab.write("demo.ipynb", CELLS, "python3")
            page = context.new_page()
            notebook = NotebookPage(page, lab, "demo.ipynb", "notebook")
            notebook.wait_for_kernel()
            if theme == "dark":
                page.get_by_text("Settings", exact=True).click()
                page.get_by_text("Theme", exact=True).hover()
                page.get_by_text("JupyterLab Dark", exact=True).click()
                page.wait_for_timeout(1_000)
            notebook.run_and_wait(0)
            notebook.run_and_wait(1)
            notebook.run(2)
            page.wait_for_timeout(7_000)
            page.screenshot(path=PICTURES / f"{theme}.png")
            page.close()
            lab.end_sessions()
        context.close()
        lab.stop()


if __name__ == "__main__":
    main()
