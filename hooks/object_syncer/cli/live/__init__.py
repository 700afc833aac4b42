"""How commands read and write a cluster, with the rights of whoever runs them. Hooks never do."""
