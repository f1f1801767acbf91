"""Widgets that people build with, all made of one mechanism: see `instrument.Instrument`."""
