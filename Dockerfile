# Pin it to the bytes with --build-arg BASE=python:3.13-slim@sha256:… once you know them.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# Of binutils only strip is used, in the version of the base's release of Debian.
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && python -m venv /opt/build && python -m venv --without-pip /opt/digest
COPY requirements-build.txt requirements.txt ./
RUN /opt/build/bin/pip install --require-hashes -r requirements-build.txt \
    && /opt/build/bin/pip wheel --require-hashes --wheel-dir /wheels -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY digest digest
COPY templates templates
COPY config/example.toml config/
COPY config/demo config/demo
# The time of everything that is built here, for the wheel and for the user: two builds give files with the same bytes.
ARG SOURCE_DATE_EPOCH=1580601600
# What nothing runs is left out. Of the languages that Babel knows, these are ours and those of the dates in dumps. RECORD
# lists what was there before, and direct_url.json files of this stage. The symbols of compiled modules are for debuggers;
# libraries that auditwheel has rewritten (*.libs) stay as they are. What is left is compiled here, by contents and not by
# time: nothing may be written where it runs, and the same source gives the same files.
ARG LANGUAGES="en|zh|ja|ko|de|fr|es|it|pt|ru|uk|pl|cs|sk|nl|sv|da|nb|no|fi|hu|ro|tr|el|bg|ca|id|vi|ar|he|fa|hi"
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/digest/bin/python install --no-compile --no-deps --no-index /wheels/*.whl \
    && find /opt/digest/lib -regextype posix-extended -path '*/babel/locale-data/*' \
        ! -regex ".*/(root|(${LANGUAGES})(_.*)?)\.dat" -delete \
    && find /opt/digest/lib -path '*/zstandard/*' \( -name '_cffi*.so' -o -name 'backend_cffi.py' \) -delete \
    && find /opt/digest/lib -path '*/pygments/lexers/*' -type f ! -name '__init__.py' ! -name '_mapping.py' -delete \
    && find /opt/digest/lib \( -path '*/opencc/clib/bin/*' -o -path '*/opencc/clib/include/*' \) -delete \
    && find /opt/digest/lib \( -path '*/lxml/objectify.*' -o -path '*/lxml/isoschematron/*' -o -path '*/lxml/html/*diff*' \) -delete \
    && find /opt/digest/lib -path '*/wcwidth/table_grapheme_overrides/_known_*' -delete \
    && find /opt/digest/lib \( -path '*/pycparser/*' -o -path '*/pydantic/v1/*' -o -path '*/site-packages/cffi/*' \) -delete \
    && find /opt/digest/lib \( -path '*/pyasn1_modules/rfc*' ! -name 'rfc5280.py' -o -path '*/rapidfuzz/process_cpp*' \) -delete \
    && find /opt/digest/lib -depth -type d \( -name tests -o -name testing \) -path '*/site-packages/*' -exec rm -r {} + \
    && find /opt/digest/lib \( -name '*.pyx' -o -name '*.px[di]' -o -name '*.[ach]' -o -name '*.pyi' \) -delete \
    && find /opt/digest/lib -path '*.dist-info/*' \( -name RECORD -o -name direct_url.json \) -delete \
    && find /opt/digest/lib -name '*.so' ! -path '*.libs/*' -exec strip --strip-unneeded {} + \
    && /opt/digest/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/digest/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="Digest" \
      org.opencontainers.image.description="Reads dumps of a blog's listing pages and tells people what is new" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="MIT"
ARG SOURCE_DATE_EPOCH=1580601600
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin digest \
    && install -d -o digest -g digest /data
COPY --from=build /opt/digest /opt/digest
COPY --chmod=644 config/container.toml /etc/digest/digest.toml
ENV PATH=/opt/digest/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DIGEST_CONFIG=/etc/digest/digest.toml
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["digest"]
CMD ["run"]
