"""Values that must work: rendered, linted, and shown to a real API server."""

from typing import Any

Values = dict[str, Any]

# The values file of rustrial/k8s-object-syncer with all its keys and defaults, but for the memory limit.
UPSTREAM: Values = {
    "replicaCount": 1,
    "image": {"repository": "rustrial/k8s-object-syncer", "pullPolicy": "IfNotPresent", "tag": ""},
    "imagePullSecrets": [],
    "nameOverride": "",
    "fullnameOverride": "",
    "hostUsers": None,
    "serviceAccount": {"create": True, "annotations": {}, "name": ""},
    "podAnnotations": {},
    "podLabels": {},
    "deploymentAnnotations": {},
    "deploymentLabels": {},
    "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    "securityContext": {
        "capabilities": {"drop": ["ALL"]},
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
    },
    "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}, "requests": {"cpu": "10m", "memory": "16Mi"}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [],
    "affinity": {},
    "topologySpreadConstraints": {},
    "watchNamespaces": ["kube-public", "kube-system"],
    "sourceNamespaces": ["kube-public", "kube-system"],
    "targetNamespaces": ["*"],
    "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
    "logLevel": "info,kube=warn,kube_client=warn,kube_runtime=warn,tower=warn,hyper=warn,h2=warn",
    "extraEnv": [],
    "metrics": {"port": 9000, "address": "0.0.0.0"},
    "podMonitor": {"enabled": False, "interval": "60s", "scrapeTimeout": "10s"},
    "networkPolicy": None,
}

CONFIG_MAPS: Values = {"apiGroups": [""], "resources": ["configmaps"]}

TENANTS: Values = {
    "defaultPolicy": False,
    "policies": {
        "platform": {
            "watchNamespaces": ["platform"],
            "sourceNamespaces": ["platform"],
            "targetNamespaces": ["*"],
            "allowedResources": [CONFIG_MAPS],
            "priority": 10,
        },
        "teams": {
            "watchNamespaces": ["team-*"],
            "sourceNamespaces": ["."],
            "targetNamespaces": ["kube-public", "default"],
            "allowedResources": [{"apiGroups": ["batch", "networking.k8s.io"], "resources": ["cronjobs"]}, CONFIG_MAPS],
        },
    },
}

CASES: dict[str, Values] = {
    "defaults": {},
    "upstream's values file": UPSTREAM,
    "upstream's values, used": {
        **UPSTREAM,
        "replicaCount": 3,
        "imagePullSecrets": [{"name": "registry"}],
        "fullnameOverride": "syncer",
        "hostUsers": False,
        "serviceAccount": {"create": True, "annotations": {"a": "b"}, "name": "its-account"},
        "podAnnotations": {"a": "b"},
        "podLabels": {"team": "x"},
        "deploymentAnnotations": {"a": "b"},
        "deploymentLabels": {"team": "x"},
        "tolerations": [{"key": "node", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
        ],
        "extraEnv": [{"name": "A", "value": "b"}],
        "podMonitor": {"enabled": True, "interval": "30s", "scrapeTimeout": "5s"},
        "networkPolicy": {
            "ingress": [{"ports": [{"protocol": "TCP", "port": 9000}]}],
            "egress": [{"ports": [{"protocol": "TCP", "port": 443}]}],
            "policyTypes": ["Ingress", "Egress"],
        },
    },
    "its own permissions, as upstream": {"serviceAccount": {"create": False, "name": "default"}},
    "two namespaces, two types": {
        "targetNamespaces": ["default", "kube-public"],
        "allowedResources": [CONFIG_MAPS, {"apiGroups": ["batch"], "resources": ["cronjobs"]}],
    },
    "stars and empty names mean all": {
        "watchNamespaces": ["*"],
        "sourceNamespaces": [""],
        "targetNamespaces": ["team-a", ""],
        "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
    },
    "tenants": TENANTS,
    "roles may be copied": {
        "allowedResources": [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]}],
        "rbac": {"escalate": True, "bind": False},
    },
    "no TLS, no guard": {"hooks": {"tls": {"mode": "none"}}, "guard": {"enabled": False}},
    "token": {"hooks": {"token": {"mode": "generated"}}},
    "cert-manager": {"hooks": {"tls": {"mode": "certManager", "certManager": {"issuerRef": {"name": "ca"}}}}},
    "certificate and token from Secrets": {
        "hooks": {
            "revision": "2",
            "tls": {"mode": "secret", "secretName": "my-tls", "caConfigMapRef": {"name": "my-ca"}},
            "token": {"mode": "secret", "secretName": "my-token", "key": "a", "acceptedKey": "b"},
        }
    },
    "several workers": {"hooks": {"workers": 4}},
    "hooks elsewhere": {"replicaCount": 0, "hooksUrl": "https://192.0.2.1:8443"},
    "isolated and watched": {
        "networkPolicy": {"monitoringNamespace": "monitoring"},
        "serviceMonitor": {"enabled": True},
        "podMonitor": {"enabled": True},
        "priorityClassName": "system-cluster-critical",
        "metrics": {"port": 8081},
    },
    "watched by everything there is": {
        "logFormat": "json",
        "kubeStateMetrics": {"enabled": True, "serviceAccount": {"namespace": "monitoring"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True},
    },
    "engine by another name": {
        "metacontroller": {"user": "engine", "controllerLabels": {"engine": "object-syncer"}},
        "rbac": {"leaderElection": False, "people": False},
        "podDisruptionBudget": {"enabled": False},
        "targetNamespaces": ["kube-public"],
    },
}
