"""What a reply costs: dated prices and the cost of a usage."""
