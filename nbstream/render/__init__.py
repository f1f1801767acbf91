"""How a reply looks: pure functions of a `Reply`, for the page, the file and the terminal."""
