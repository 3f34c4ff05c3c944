import re
from pathlib import Path

import grpc

from modelport_server.errors import Fault

README = Path(__file__).parents[2] / "serving_image" / "README.md"
ROW = re.compile(r"\| `(\w+)` \| (\d{3}) \| ([A-Z_]+) \|")


def test_the_readme_lists_every_fault():
    listed = [(code, int(status), name) for code, status, name in ROW.findall(README.read_text())]
    assert listed == [(fault.code, fault.status, fault.grpc) for fault in Fault]


def test_every_fault_has_a_status_that_grpc_knows():
    assert {fault.grpc for fault in Fault} <= set(grpc.StatusCode.__members__)
