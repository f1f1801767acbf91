"""Conversations: chats with turns and versions, and the messages that go out."""
