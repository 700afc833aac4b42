"""From ObjectSyncs and namespaces to a plan: which destinations, in which slices, served by which controllers."""
