"""Kubernetes and Metacontroller as the hooks know them: names, objects, kinds, request bodies, timestamps."""
