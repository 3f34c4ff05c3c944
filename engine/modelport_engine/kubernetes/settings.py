"""The provider's own inputs: which cluster, as whom, and how."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from modelport_engine.kubernetes.cluster import Cluster
from modelport_engine.kubernetes.failures import ClusterError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

SECONDS = 60.0  # that an API server has for an answer
AT_ONCE = 256  # connections, so that none is opened for one request alone
DEFAULT_FILE = "~/.kube/config"
INSTALL = "install Pulumi's own with `pulumi plugin install resource kubernetes`"
LOGINS = {"auth-provider", "exec"}  # what a kubeconfig has instead of credentials

SWITCHES = {
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "skipUpdateUnreachable": "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
TEXTS = ("cluster", "clusterIdentifier", "context", "kubeconfig", "namespace")
WITHOUT_EFFECT = ("suppressDeprecationWarnings", "suppressHelmHookWarnings", "version", "pluginDownloadURL")
OF_THE_PLUGIN = ("alwaysRender", "helmReleaseSettings", "renderYamlToDirectory", "strictMode")
KNOWN = frozenset({*SWITCHES, *TEXTS, *WITHOUT_EFFECT, *OF_THE_PLUGIN, "enableServerSideApply", "kubeClientSettings"})


def problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the provider's inputs: names and reasons."""
    for key in inputs:
        if key not in KNOWN:
            yield key, f"the provider kubernetes has no setting of this name; it has {', '.join(sorted(KNOWN))}"
        elif key in OF_THE_PLUGIN and inputs[key]:
            yield key, f"the built-in provider kubernetes does not have this; {INSTALL}"
    if inputs.get("enableServerSideApply") in (False, "false"):
        yield "enableServerSideApply", f"the built-in provider kubernetes always applies server-side; {INSTALL}"


@dataclass(frozen=True)
class Settings:
    """The provider's inputs as its config or the program gives them."""

    inputs: Mapping[str, Any]
    env: Mapping[str, str]

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> "Settings":
        """With the environment of this process."""
        return cls(inputs, os.environ)

    def on(self, name: str) -> bool:
        """Whether one of `SWITCHES` is on."""
        return self.inputs.get(name, self.env.get(SWITCHES[name])) in (True, "true", "True", "1")

    @property
    def namespace(self) -> str:
        """Where objects go that name no namespace; empty when only the cluster's default is left."""
        return str(self.inputs.get("namespace") or self._context.get("namespace") or "")

    @cached_property
    def server(self) -> str:
        """The address of the API server."""
        name = self._cluster_name
        return next(
            (str(item["cluster"].get("server")) for item in self._items("clusters") if item["name"] == name), ""
        )

    def connect(self) -> Cluster:
        """The cluster; asks nothing of it yet. Raises ClusterError when the kubeconfig does not do."""
        return Cluster(self._log_in, f"the cluster of context {self._name} ({self.server})", self._seconds)

    def same_cluster(self, other: "Settings") -> bool:
        """Whether objects made with one are found with the other: by the identifiers if both have one."""
        ours, theirs = (each.inputs.get("clusterIdentifier") for each in (self, other))
        return bool(ours == theirs) if ours and theirs else self.server == other.server

    def _log_in(self) -> "ApiClient":
        from kubernetes.client import ApiClient, Configuration
        from kubernetes.config import ConfigException, load_kube_config_from_dict

        config = {**self._kubeconfig, "contexts": [{"name": self._name, "context": self._chosen}]}
        config["current-context"] = self._name
        configuration = Configuration()
        configuration.retries = False  # Cluster asks again, and knows when
        configuration.connection_pool_maxsize = AT_ONCE
        try:
            load_kube_config_from_dict(config, self._name, configuration, persist_config=False)
        except (ConfigException, OSError, KeyError, TypeError, ValueError) as error:
            raise ClusterError(f"{self._file}: context {self._name} does not do: {error}") from error
        client = ApiClient(configuration)
        self._identify(client, configuration)
        return client

    def _identify(self, client: "ApiClient", configuration: "Configuration") -> None:
        """Have the client be who the context says, or nobody at all."""
        user = self._user
        if LOGINS & user.keys() and not (configuration.api_key or configuration.cert_file):
            command = (user.get("exec") or {}).get("command", "its auth-provider")
            raise ClusterError(
                f"{self._file}: the login of context {self._name} by {command} has failed. Run it by hand to see why."
            )
        if others := sorted(key for key in user if key.startswith("as-")):
            raise ClusterError(
                f"{self._file}: context {self._name} acts as another user with {', '.join(others)}, which the built-in "
                f"provider kubernetes cannot; {INSTALL}"
            )
        if user.get("as"):
            client.set_default_header("Impersonate-User", user["as"])

    @property
    def _user(self) -> dict[str, Any]:
        name = self._context.get("user")
        return next((item.get("user") or {} for item in self._items("users") if item["name"] == name), {})

    @property
    def _seconds(self) -> float:
        settings = self.inputs.get("kubeClientSettings") or {}
        settings = json.loads(settings) if isinstance(settings, str) else settings
        return float(settings.get("timeout") or SECONDS)

    @property
    def _chosen(self) -> dict[str, Any]:
        return {**self._context, "cluster": self._cluster_name}

    @property
    def _cluster_name(self) -> str:
        return str(self.inputs.get("cluster") or self._context.get("cluster") or "")

    @cached_property
    def _context(self) -> dict[str, Any]:
        found = [item for item in self._items("contexts") if item["name"] == self._name]
        if not found:
            raise ClusterError(f"{self._file} has no context {self._name}; it has {self._names()}.")
        return dict(found[0].get("context") or {})

    @cached_property
    def _name(self) -> str:
        """The context: the one that the stack names. The current one of some file is whatever someone last used."""
        if name := self.inputs.get("context"):
            return str(name)
        contexts = self._items("contexts")
        if self.inputs.get("kubeconfig") and len(contexts) == 1:
            return str(contexts[0]["name"])
        raise ClusterError(
            "the stack does not say which cluster it is for: set its context with "
            f"`pulumi config set kubernetes:context NAME`. {self._file} has {self._names()}."
        )

    def _names(self) -> str:
        return ", ".join(str(item["name"]) for item in self._items("contexts")) or "none"

    def _items(self, key: str) -> list[dict[str, Any]]:
        return [item for item in self._kubeconfig.get(key) or [] if isinstance(item, dict) and "name" in item]

    @cached_property
    def _kubeconfig(self) -> dict[str, Any]:
        """The kubeconfig's content; of several files the first that has a name wins, as with kubectl."""
        given = self.inputs.get("kubeconfig")
        if given and ("\n" in given or given.lstrip().startswith("{")):
            return self._parsed(given, Path.cwd())
        merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "contexts": [], "users": []}
        for file in self._files:
            content = self._parsed(_read(file), file.parent) if file.exists() else {}
            for key in ("clusters", "contexts", "users"):
                names = {item["name"] for item in merged[key]}
                merged[key] += [item for item in content.get(key) or [] if item.get("name") not in names]
        return merged

    @property
    def _files(self) -> list[Path]:
        given = self.inputs.get("kubeconfig") or self.env.get("KUBECONFIG") or DEFAULT_FILE
        names = [given] if self.inputs.get("kubeconfig") else given.split(os.pathsep)
        return [Path(name).expanduser().absolute() for name in names if name]

    @property
    def _file(self) -> str:
        given = self.inputs.get("kubeconfig") or ""
        inline = "\n" in given or given.lstrip().startswith("{")
        return "the provider's kubeconfig" if inline else ", ".join(str(file) for file in self._files)

    def _parsed(self, text: str, folder: Path) -> dict[str, Any]:
        try:
            content = YAML(typ="safe").load(text)
        except YAMLError as error:
            raise ClusterError(f"{self._file} is no kubeconfig: it is not YAML") from error
        if not isinstance(content, dict):
            raise ClusterError(f"{self._file} is no kubeconfig: it has no contexts")
        return _with_absolute_paths(content, folder)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterError(f"{file} cannot be read: {error}") from error


def _with_absolute_paths(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A kubeconfig whose files are found from anywhere: they are given relative to it."""
    for key, part in (("clusters", "cluster"), ("users", "user")):
        for item in config.get(key) or []:
            content = item.get(part) or {}
            for name in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
                if content.get(name):
                    content[name] = str(folder / content[name])
    return config
