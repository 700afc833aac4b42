"""`object-syncer diff`: what a change of manifests does before it is merged."""
