"""`object-syncer uninstall`: takes Object Syncer out of a cluster."""
