"""A loopback server that speaks DeepSeek's wire format, with every fault on demand, for demos and tests.

It uses the standard library only, and serves any client.
"""
