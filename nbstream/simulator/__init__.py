"""A loopback server that speaks as DeepSeek does, with every fault on demand: what demos and tests talk to.

Standard library and `nbstream.core` only. Nothing here must know that nbstream has a client: it is a server that any
program may talk to.
"""

from nbstream.simulator.server import Simulator

__all__ = ["Simulator"]
