"""The policy pack as a process of its own, spoken to as the engine does."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

import modelport_policies


class Analyzer:
    """The policy pack as its own process, spoken to as the engine does."""

    def __init__(self, port):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = analyzer_pb2_grpc.AnalyzerStub(self.channel)

    def info(self):
        return self.stub.GetAnalyzerInfo(analyzer_pb2.google_dot_protobuf_dot_empty__pb2.Empty(), timeout=60)

    def policies(self):
        return {policy.name: policy for policy in self.info().policies}

    def configure(self, parameters=None, **levels):
        known = {name: policy.enforcementLevel for name, policy in self.policies().items()}
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, level in {**known, **levels}.items():
            request.policyConfig[name].enforcementLevel = level
            request.policyConfig[name].properties.update((parameters or {}).get(name, {}))
        self.stub.Configure(request, timeout=60)

    def analyze(self, type_, inputs, name="digits"):
        return self.stub.Analyze(analyzer_pb2.AnalyzeRequest(**described(type_, inputs, name)), timeout=60)

    def remediate(self, type_, inputs, name="digits"):
        return self.stub.Remediate(analyzer_pb2.AnalyzeRequest(**described(type_, inputs, name)), timeout=60)

    def analyze_stack(self, *resources, depends=None, names=None):
        """The resources are named r0, r1, and so on; `depends` says by name which others a property comes from."""
        names = names or [f"r{number}" for number in range(len(resources))]
        rows = [
            analyzer_pb2.AnalyzerResource(**described(type_, inputs, name))
            for name, (type_, inputs) in zip(names, resources, strict=True)
        ]
        urns = {row.name: row.urn for row in rows}
        for row in rows:
            for key, names in (depends or {}).get(row.name, {}).items():
                row.propertyDependencies[key].urns.extend(urns[name] for name in names)
        return self.stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=rows), timeout=60)


def described(type_, inputs, name):
    properties = json_format.ParseDict(inputs, struct_pb2.Struct())
    return {"type": type_, "properties": properties, "urn": f"urn:pulumi:dev::shop::{type_}::{name}", "name": name}


@contextmanager
def process(pack, project, config, environment):
    """The analyzer as Pulumi's Python language host starts it; the engine's address is only for log messages."""
    known = {key: value for key, value in os.environ.items() if not key.startswith("MODELPORT_POLICY_")}
    stack = {"PULUMI_PROJECT": "shop", "PULUMI_STACK": "dev", "PULUMI_DRY_RUN": "true"}
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)],
        cwd=project,
        env={**known, **stack, "PULUMI_CONFIG": json.dumps(config), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


@contextmanager
def served(project, pack=None, config=None, **environment):
    with process(pack or modelport_policies.path(), project, config or {}, environment) as child:
        port = child.stdout.readline()
        assert port, child.stderr.read()
        analyzer = Analyzer(int(port))
        try:
            yield analyzer
        finally:
            analyzer.channel.close()
