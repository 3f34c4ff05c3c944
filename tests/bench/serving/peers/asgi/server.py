"""Raw ASGI on uvicorn: /echo answers fixed bytes, any other path runs the model at once, where the request is read."""

import numpy as np
import orjson
import served
import uvicorn

FIXED = (
    b'{"model_name":"logreg","model_version":"1","outputs":'
    b'[{"name":"y","datatype":"FP32","shape":[1,2],"data":[0.5912345,0.4087655]}]}'
)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = FIXED if scope["path"] == "/echo" else inferred(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def inferred(body):
    asked = orjson.loads(body)["inputs"][0]
    values = served.answer(np.array(asked["data"], np.float32).reshape(asked["shape"]))
    output = {"name": "y", "datatype": "FP32", "shape": values.shape, "data": values.ravel()}
    return orjson.dumps({"model_name": served.NAME, "outputs": [output]}, option=orjson.OPT_SERIALIZE_NUMPY)


if __name__ == "__main__":
    served.session()
    uvicorn.run(
        app, port=served.PORT, loop="uvloop", http="httptools", lifespan="off", log_level="warning", access_log=False
    )
