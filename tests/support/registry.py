"""Debian's docker-registry, as a process of this machine."""

import re
import subprocess
import threading
from contextlib import contextmanager


@contextmanager
def registry(folder, **more):
    """The port of a registry that keeps its files in a folder; `more` are further sections of its configuration."""
    import json

    config = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0", "secret": "of-the-test", "relativeurls": True},
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "registry.json"  # YAML takes JSON
    file.write_text(json.dumps(config))
    process = subprocess.Popen(["docker-registry", "serve", str(file)], stderr=subprocess.PIPE, text=True, cwd=folder)
    try:
        port = next(
            int(found[1]) for line in process.stderr if (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line))
        )
        reader = threading.Thread(target=process.stderr.read, daemon=True)
        reader.start()
        yield port
    finally:
        process.terminate()
        process.wait(30)
        reader.join(30)
        process.stderr.close()
