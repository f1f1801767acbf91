"""The cache: complete replies in files beside the notebook, which answer them again."""
