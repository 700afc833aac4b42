"""`object-syncer convert`: ObjectSyncs in place of what other tools are asked to copy."""
