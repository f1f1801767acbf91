"""Pictures of what requests took: figures become SVG, tables and sentences."""
