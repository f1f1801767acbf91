"""Files of recorded responses: their format, and which response belongs to a request."""
