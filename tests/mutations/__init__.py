"""Every kind of damage that we could think of, and the check that must name it."""
