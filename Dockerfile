ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/build && python -m venv --without-pip /opt/digest
COPY requirements-build.txt requirements.txt /src/
RUN /opt/build/bin/pip install --require-hashes -r /src/requirements-build.txt \
    && /opt/build/bin/pip --python /opt/digest/bin/python install --require-hashes -r /src/requirements.txt
COPY pyproject.toml README.md LICENSE /src/
COPY digest /src/digest
COPY templates /src/templates
COPY config /src/config
RUN cd /src \
    && /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/digest/bin/python install --no-deps /wheel/*.whl

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Digest" \
      org.opencontainers.image.description="Reads dumps of a blog's listing pages and tells people what is new" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin digest \
    && install -d -o digest -g digest /data
COPY --from=build /opt/digest /opt/digest
COPY config/container.toml /etc/digest/digest.toml
ENV PATH=/opt/digest/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DIGEST_CONFIG=/etc/digest/digest.toml
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["digest"]
CMD ["run"]
