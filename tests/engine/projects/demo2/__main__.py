"""A component of a plugin that serves nothing but components, with a secret on the way in and out."""

import pulumi


class Web(pulumi.ComponentResource):
    url: pulumi.Output[str]
    secret: pulumi.Output[str]

    def __init__(self, name, inputs):
        super().__init__("comps:index:Web", name, {"url": None, "secret": None} | inputs, remote=True)


web = Web("w", {"size": 3, "secret": pulumi.Output.secret("s3")})
pulumi.export("url", web.url)
pulumi.export("secret", web.secret)
