"""An exchange: requests, tool calls and repeated questions until there is an answer."""
