"""IPython's and Jupyter's one door: the magic, and what shows a run in a cell or a terminal."""
