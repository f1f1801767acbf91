"""Markdown to HTML and to blocks, whole or while the text grows; code and formulas."""
