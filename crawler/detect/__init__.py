"""Finding what is suspicious, and explaining it: one detector per file here, discovered by `kit.detector`.

`kit` holds what all detectors share (findings, what they read, the run), `text` the methods on texts.
"""
