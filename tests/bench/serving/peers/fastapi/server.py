"""A model behind FastAPI as most users write it."""

import numpy as np
import served
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Request(BaseModel):
    instances: list[list[float]]


class Answer(BaseModel):
    predictions: list[list[float]]


@app.post("/predict")
def predict(request: Request) -> Answer:
    values = np.asarray(request.instances, np.float32)
    return Answer(predictions=served.answer(values).tolist())


if __name__ == "__main__":
    served.session()
    uvicorn.run(app, port=served.PORT, log_level="warning", access_log=False)
