"""Papers of a bundle as attachments of an online submission: divided, packed into parts, listed."""
