"""A server on the loopback address that speaks DeepSeek's wire format and can produce every fault.

It is used by the demo and the tests, needs only the standard library, and works with any client.
"""
