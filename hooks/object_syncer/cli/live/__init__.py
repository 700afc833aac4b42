"""The commands that need a cluster, and how they read and write it. Hooks never do: they know only their request."""
