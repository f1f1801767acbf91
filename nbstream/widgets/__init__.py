"""The live view of a reply: the page protocol, the widget, and the channels to the page."""
