"""Who reviews what together: co-visits, dense cores, groups, and how many of them chance would give."""
