"""Tab completion of the magic's line, in pages and in a terminal."""
