# Three targets: `all` (page and worker, the default), `page` (no torch), `worker`. docs/deploy.md says how each is run.
#   docker build -t clue .        docker build -t clue-page --target page .
# PyPI's torch brings the CUDA libraries it needs. With Ray: --build-arg REQUIREMENTS=requirements-ray.txt
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS libraries
ARG REQUIREMENTS=requirements.txt
RUN python3 -m venv /opt/clue
COPY locks locks
RUN /opt/clue/bin/pip install --no-cache-dir --no-deps --require-hashes -r locks/${REQUIREMENTS}

FROM ${BASE} AS page-libraries
RUN python3 -m venv /opt/clue
COPY locks locks
RUN /opt/clue/bin/pip install --no-cache-dir --no-deps --require-hashes -r locks/requirements-page.txt

# The program and a user who owns nothing but the home. A container's page is reached from outside it, so submitting stays
# closed until sign-in is set up (docs/sign-in.md).
FROM ${BASE} AS program
RUN useradd --create-home --uid 1000 clue && install --directory --owner=clue --mode=0700 /home/clue/var
WORKDIR /home/clue
ENV PATH=/opt/clue/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CLUE_HOST=0.0.0.0 HF_HOME=/home/clue/var/hub
COPY app.py .
COPY backend backend
COPY eval_queue eval_queue
COPY frontend_config frontend_config
COPY storage storage
VOLUME /home/clue/var
STOPSIGNAL SIGTERM

FROM program AS page
COPY --from=page-libraries /opt/clue /opt/clue
USER clue
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/v1/health' % (os.getenv('CLUE_PORT') or 7860))"
CMD ["python", "app.py", "serve"]

FROM program AS worker
# Keeps a submitted model from network and files, where the container may make namespaces: docs/isolation.md.
RUN apt-get update && apt-get install --yes --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*
COPY --from=libraries /opt/clue /opt/clue
USER clue
CMD ["python", "app.py", "work"]

FROM worker AS all
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/v1/health' % (os.getenv('CLUE_PORT') or 7860))"
CMD ["python", "app.py"]
