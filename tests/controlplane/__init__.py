"""A real control plane for the tests: etcd, kube-apiserver and kube-controller-manager as plain processes on loopback.

Beside it what the end-to-end tests run on it: the engine (Metacontroller), the hook server, and a small client.
"""
