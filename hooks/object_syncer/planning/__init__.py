"""From ObjectSyncs and namespaces to a plan: which destinations, in which SyncSlices, served by which controllers."""
