"""The background event loop, on a daemon thread, on which every run is a task.

Unlike a synchronous client in a thread, a task can be cancelled while its server is silent.
"""

from __future__ import annotations

from nbstream.loops.loop_thread import LoopThread

_thread = LoopThread("nbstream", closing_seconds=0.5)
background_loop = _thread.loop
