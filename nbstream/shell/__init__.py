"""Commands of `nbstream` in a shell that are neither the demo nor the simulator."""
