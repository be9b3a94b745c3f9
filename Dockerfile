# All in one: page and worker. Build: docker build -t clue .   Run: docker run -p 7860:7860 -v clue:/home/clue/var clue
# With a GPU add --gpus all; PyPI's torch brings the CUDA libraries it needs.
FROM python:3.11-slim

# Keeps a submitted model from network and files, where the container may make namespaces: docs/isolation.md.
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 clue
USER clue
WORKDIR /home/clue

RUN python -m venv .venv
ENV PATH=/home/clue/.venv/bin:$PATH PYTHONUNBUFFERED=1

COPY --chown=clue requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY --chown=clue app.py .
COPY --chown=clue backend backend
COPY --chown=clue eval_queue eval_queue
COPY --chown=clue frontend_config frontend_config
COPY --chown=clue storage storage

# A container's page is reached from outside it, so submitting stays closed until sign-in is set up.
ENV CLUE_HOST=0.0.0.0 HF_HOME=/home/clue/var/hub
RUN mkdir var
VOLUME /home/clue/var
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/v1/health' % (os.getenv('CLUE_PORT') or 7860))"

CMD ["python", "app.py"]
