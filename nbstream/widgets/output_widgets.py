"""Output widgets of ipywidgets: what is displayed within one is shown there and not in the cell."""

from __future__ import annotations

from ipywidgets import Output, widgets  # type: ignore[import-untyped]


def capturing(request: str) -> list[str]:
    """Return the ids of the Output widgets that may take what is displayed for a request.

    Args:
        request: the id of the message that the kernel is handling. Outputs that are nested in each
            other all wait for it, and the front end chooses one.
    """
    # ipywidgets has no public list of the widgets that are open.
    every = getattr(widgets.widget, "_instances", {})
    return [each.model_id for each in [*every.values()] if isinstance(each, Output) and each.msg_id == request]
