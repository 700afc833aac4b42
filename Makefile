# `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
CONTROL_PLANE := .control-plane/bin
KUBERNETES := 1.35.4
HELM := v3.21.4
PROMETHEUS := v0.316.0

# Without these the programs say v0.0.0, and whatever depends on the version goes wrong.
VERSION := k8s.io/component-base/version
LDFLAGS := -s -w -X $(VERSION).gitVersion=v$(KUBERNETES) -X $(VERSION).gitMajor=1 -X $(VERSION).gitMinor=35

.PHONY: help venv control-plane promtool test e2e record lint format demo histories fuzz bench bench-cluster bench-planner

help:  ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/.installed  ## the package and its tools, in .venv
.venv/.installed: setup.cfg constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]' --constraint constraints.txt
	@touch $@

# Ten minutes the first time. Not needed where KUBECONFIG names a cluster, not possible without Go.
ifneq ($(KUBECONFIG),)
control-plane:
	@echo "control-plane: not built, the tests use the cluster of KUBECONFIG=$(KUBECONFIG)"
else ifneq ($(shell command -v go),)
control-plane: $(addprefix $(CONTROL_PLANE)/,etcd kube-apiserver helm)
else
control-plane:
	@echo "control-plane: not built, Go is missing; tests that need an API server will be skipped and counted"
	@test -z "$(CI)"
endif
control-plane:  ## etcd, kube-apiserver, kube-controller-manager and helm, built from Go modules

$(CONTROL_PLANE)/etcd: tests/controlplane/etcd/go.mod tests/controlplane/etcd/go.sum
	@mkdir -p $(@D)
	cd tests/controlplane/etcd && go build -o '$(abspath $@)' go.etcd.io/etcd/server/v3
	@touch $@

$(CONTROL_PLANE)/kube-apiserver: tests/controlplane/kubernetes/go.mod tests/controlplane/kubernetes/go.sum
	@mkdir -p $(@D)
	cd tests/controlplane/kubernetes && go build -ldflags '$(LDFLAGS)' -o '$(abspath $(@D))/' \
		k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager
	@touch $@

$(CONTROL_PLANE)/helm:
	@mkdir -p $(@D)
	GOBIN='$(abspath $(@D))' go install helm.sh/helm/v3/cmd/helm@$(HELM)

promtool: $(CONTROL_PLANE)/promtool  ## for the tests of the alerts, which are skipped and counted without it

# Without service discovery, which nothing here needs and which takes minutes to build.
$(CONTROL_PLANE)/promtool:
	@mkdir -p $(@D)
	GOBIN='$(abspath $(@D))' go install -tags remove_all_sd github.com/prometheus/prometheus/cmd/promtool@$(PROMETHEUS)

test: venv  ## all tests; those whose cluster or engine is missing are skipped and counted
	$(BIN)/pytest

e2e: venv  ## the tests with Metacontroller (METACONTROLLER_BIN or on PATH, METACONTROLLER_CRDS)
	@command -v "$${METACONTROLLER_BIN:-metacontroller}" >/dev/null || \
		{ echo "e2e: no metacontroller on PATH or in METACONTROLLER_BIN"; exit 1; }
	$(BIN)/pytest tests/e2e

record: venv  ## record anew what Metacontroller asks and the hooks answer, for tests/contract
	PYTHONPATH=tests $(BIN)/python -m contract.record

lint: venv  ## style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv  ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

demo: venv  ## each example through the simulator
	@for example in $(wildcard examples/*.yaml); do \
		echo "== $$example"; $(BIN)/object-syncer simulate "$$example" || [ $$? = 1 ] || exit 2; \
	done

HISTORIES ?= 2000
histories: venv  ## random histories in the simulator: HISTORIES=2000 SEED=0
	HISTORIES=$(HISTORIES) $(BIN)/pytest tests/simulation/test_histories.py tests/simulation/test_policies.py tests/simulation/test_tenants.py

FUZZ ?= 20000
fuzz: venv  ## malformed and hostile requests to each hook: FUZZ=20000 SEED=0
	FUZZ=$(FUZZ) $(BIN)/pytest tests/fuzz

bench: venv  ## measure the hooks: times, sizes of requests, memory
	$(BIN)/python tests/bench/run.py

bench-cluster: venv  ## measure on a control plane with Metacontroller: BENCH='--namespaces 100 --beside adapter.yaml'
	@$(BIN)/python tests/bench/cluster.py $(BENCH)

bench-planner: venv  ## measure one call of the planner: BENCH='--sizes 100x1000 --policies 1 4'
	@$(BIN)/python tests/bench/scaling.py $(BENCH)
