"""What it costs to show an answer while it arrives, side by side with other ways: `python -m benchmarks.speed`."""
