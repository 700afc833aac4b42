"""`object-syncer test`: objects, steps, and what there must be in the end."""
