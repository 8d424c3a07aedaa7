# syntax=docker/dockerfile:1
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
WORKDIR /src
RUN python -m venv /opt/winnow
# The dependencies change less often than the code: a layer of their own.
COPY requirements.lock ./
RUN /opt/winnow/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY collector ./collector
COPY processors ./processors
COPY exporters ./exporters
RUN /opt/winnow/bin/pip install --no-cache-dir --no-deps .

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/winnow --create-home winnow
COPY --from=build /opt/winnow /opt/winnow
COPY pipeline.yaml /etc/winnow/pipeline.yaml
# A container is reached from outside itself: the listeners leave the loopback.
ENV PATH=/opt/winnow/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WINNOW_HOST=0.0.0.0
USER winnow
# ./data of the pipeline: the state, and the archive where it is a directory.
WORKDIR /var/lib/winnow
VOLUME /var/lib/winnow
EXPOSE 4317 4318 8888
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8888/readyz', timeout=2)"]
ENTRYPOINT ["winnow"]
CMD ["run", "--config", "/etc/winnow/pipeline.yaml"]
