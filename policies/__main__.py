from pathlib import Path

from modelport_policies.analyzer import serve

serve(Path(__file__).parent)
