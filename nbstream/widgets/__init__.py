"""The live view of a reply in a page: the page protocol, the widget, and the channels to the page."""
