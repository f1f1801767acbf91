"""Bytes of a response to events: server-sent events, the chunk dialects, error bodies, size limits."""
