"""How stores and registries are reached: the server reads with it what we write with it."""

from modelport_server.bundle.baseline import BASELINE
from modelport_server.bundle.files import ModelFile
from modelport_server.bundle.manifest import EXPECTED, MANIFEST, SAMPLE, verify
from modelport_server.bundle.signature import SIGNATURE
from modelport_server.bundle.sources.azblob import Blobs
from modelport_server.bundle.sources.gs import connect, endpoint, object_url
from modelport_server.bundle.sources.http import BLOCK, READ, Http, range_from
from modelport_server.bundle.sources.oci import MANIFEST as OCI_MANIFEST
from modelport_server.bundle.sources.oci import TITLE
from modelport_server.bundle.sources.patience import Patience, patiently
from modelport_server.bundle.sources.registry import Registry
from modelport_server.bundle.sources.s3 import explained
from modelport_server.bundle.sources.store import Interrupted, Missing, SourceError, needed

BESIDE = (SAMPLE, EXPECTED, BASELINE, SIGNATURE)
"""Files of a bundle that lie outside its digest; the last two need not be there."""

__all__ = [
    "BESIDE",
    "BLOCK",
    "MANIFEST",
    "OCI_MANIFEST",
    "READ",
    "TITLE",
    "Blobs",
    "Http",
    "Interrupted",
    "Missing",
    "ModelFile",
    "Patience",
    "Registry",
    "SourceError",
    "connect",
    "endpoint",
    "explained",
    "needed",
    "object_url",
    "patiently",
    "range_from",
    "verify",
]
