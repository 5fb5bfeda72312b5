# Two stages: the first builds the environment from the hashed lock, the second only carries it.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/oms-venv
COPY requirements/run.txt /tmp/run.txt
RUN /opt/oms-venv/bin/pip install --require-hashes -r /tmp/run.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/oms-venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OMS_ENV=production OMS_DATA_DIR=/var/lib/oms
RUN groupadd --gid 10001 oms \
    && useradd --uid 10001 --gid oms --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin oms \
    && install -d -o oms -g oms /var/lib/oms
COPY --from=build /opt/oms-venv /opt/oms-venv
WORKDIR /srv/oms
COPY . .
# Catalogues are compiled into the image; static files are collected into the data volume when a release starts.
RUN python -c "from pathlib import Path; from oms.catalogues import compile_catalogues; compile_catalogues(Path('locale'))"
USER 10001:10001
VOLUME /var/lib/oms
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s --retries=4 \
    CMD ["python", "scripts/probe.py"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "8", "--respawn-failed-workers", "oms.wsgi:application"]
