"""``python kubernetes ENGINE``: serve the engine at that address; the port goes to standard output."""

import sys

from modelport_engine.kubernetes.serve import serve

if __name__ == "__main__":
    serve(sys.argv[1])
