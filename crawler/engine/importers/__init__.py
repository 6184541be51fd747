"""Imports: what other recorders made, kept unchanged and read into captures. One file for each format."""
