# The hook server. Any base with Python 3.11 or newer will do, for example --build-arg BASE=python:3.13-slim.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY setup.cfg pyproject.toml constraints.txt LICENSE-APACHE LICENSE-MIT NOTICE ./
COPY metacontroller metacontroller
COPY hooks hooks
COPY simulator/memcluster simulator/memcluster
# Only the finished environment leaves this stage: no build tools, no pip.
RUN python3 -m venv /opt/object-syncer \
    && /opt/object-syncer/bin/pip install --no-cache-dir --constraint constraints.txt . \
    && /opt/object-syncer/bin/python -m compileall -q /opt/object-syncer/lib \
    && /opt/object-syncer/bin/pip uninstall --yes setuptools pip

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="object-syncer" \
      org.opencontainers.image.description="Keeps copies of a Kubernetes object identical in every namespace that wants one; hooks for Metacontroller." \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/object-syncer /opt/object-syncer
ENV PATH=/opt/object-syncer/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
EXPOSE 8080 8081
ENTRYPOINT ["object-syncer", "serve"]
