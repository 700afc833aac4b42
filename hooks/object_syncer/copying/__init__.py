"""What a copy looks like, whether an observed one is equal, and what repairs it."""
