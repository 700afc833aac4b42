"""The skin: HTTP in front of the hooks. The only place that knows Flask."""
