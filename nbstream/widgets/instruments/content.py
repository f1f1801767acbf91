"""What an instrument shows and does: the methods that a subclass of `Instrument` may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply


class Content:
    """The state of an instrument in its page, its answers to the page, and its static transcript.

    The pump calls some of the methods, on its own thread; where nobody watches, the end of a cell
    calls them on the main thread.
    """

    def _own(self) -> dict[str, Any]:
        """Return the own state of the page, as JSON: fields that are sent when they change.

        It is called on any thread, with `_state` held. A field has changed if it is not equal to
        what was returned before, so values are made anew and never changed in place.
        """
        return {}

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Take a message of the page, and return the answer to it.

        It is called once for each message, on any thread, often not the main one. It must not
        block, but may start a request.
        """
        raise NotImplementedError(f"{type(self).__name__} takes no message {message.get('type')!r}.")

    def _on_change(self) -> None:
        """Show and hide replies as the own state wants, before a frame with its changes.

        The pump calls it, so it may take as long as drawing does.
        """

    def _only_asks(self, message: dict[str, Any]) -> bool:  # noqa: ARG002  (for subclasses)
        """Return whether a message changes nothing. Then `_on_page` is called each time it comes.

        The answer is not kept for a second time, so it may be large.
        """
        return False

    def _on_events(self, key: str, events: list[Event], reply: Reply) -> None:
        """Note what has happened to the reply under `key`, before the page learns it.

        The pump calls it.
        """

    def _on_end(self, key: str, reply: Reply) -> None:
        """Note that the reply under `key` has ended. The pump calls it."""

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the static transcript that stays in the file, and its metadata.

        It has text/plain, and text/html as a rule.
        """
        return {"text/plain": self._plain()}, {}

    def _prepare(self) -> bool:
        """Do a part of the work of `_bundle`, for some milliseconds; return whether all is done.

        It is called on any thread, by the pump in each frame until all is done.
        """
        return True

    def _bundle_so_far(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the transcript of what is prepared, which is shown until all is."""
        return self._bundle()

    def _plain(self) -> str:
        """Return the short text for where the view cannot be drawn."""
        return f"<{type(self).__name__}>"
