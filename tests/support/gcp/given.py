"""What a stack on Google Cloud may have already."""

from support.gcp.program import PROJECT, REGION

PLACE = f"projects/{PROJECT}"
GIVEN = {
    "key": f"{PLACE}/locations/{REGION}/keyRings/serving/cryptoKeys/models",
    "bucket": "gs://models-of-all/team",
    "registry": f"{REGION}-docker.pkg.dev/{PROJECT}/team",
    "role": f"serving@{PROJECT}.iam.gserviceaccount.com",
    "vpc": f"{PLACE}/global/networks/shared",
    "subnets": [f"{PLACE}/regions/{REGION}/subnetworks/callers"],
}
TOPIC = {"topic": f"{PLACE}/notificationChannels/17"}
"""Who hears of alerts."""
