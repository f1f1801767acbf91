"""`nbstream.Inspector`: what a reply is made of."""
