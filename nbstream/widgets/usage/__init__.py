"""`nbstream.usage()`: what requests took, as a picture."""
