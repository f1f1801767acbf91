"""The bytes of a response to events: server-sent events, chunks, error bodies, size limits."""
