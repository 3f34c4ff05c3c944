from pathlib import Path

from modelport.bundle import Bundle, BundleError, ensure
from modelport.plan import Plan, Release

from .running import project_root

CACHE = Path(".modelport", "bundles")


def release_bundle(plan: Plan, release: Release) -> Bundle:
    """The bundle of a release, from the project's cache or built into it. Needs no resource and contacts no cloud.

    Raises:
        BundleError: the model is missing, unusable, or not the one that the config pins, or of another precision.
    """
    bundle = ensure(
        release.source,
        base=plan.base or Path.cwd(),
        cache=project_root() / CACHE,
        sha256=release.sha256,
        name=plan.name,
        version=release.version,
        before=plan.spec.model.pipeline.before,
        after=plan.spec.model.pipeline.after,
    )
    if release.digest not in (None, bundle.digest):
        problem = f"has digest {bundle.digest}, modelport:releases says {release.digest}."
        raise BundleError(release.source, problem, "Put the right model there, or correct the digest.")
    wanted = plan.spec.model.precision
    if wanted not in ("original", bundle.precision):
        problem = f"is {bundle.precision}, model.precision says {wanted}."
        remedy = f"Make one, and name it in model.source: modelport bundle optimize BUNDLE --precision {wanted}"
        raise BundleError(release.source, problem, remedy)
    return bundle
