"""`object-syncer explain`: why a copy is there, or is not."""
