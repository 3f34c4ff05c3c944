from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pulumi

from modelport.errors import ModelportError


class Sentences(grpc.aio.ServerInterceptor):
    """Answers with the text of an error that is meant for people; the SDK would add the plugin's traceback."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> grpc.RpcMethodHandler:
        """Wrap the handler of a request."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        async def answer(request: Any, context: grpc.aio.ServicerContext) -> Any:
            try:
                return await handler.unary_unary(request, context)
            except Exception as error:
                if text := sentence(error):
                    await context.abort(grpc.StatusCode.UNKNOWN, text)
                raise

        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )


def sentence(error: BaseException | None) -> str | None:
    """The text for people in an error or in what it was raised from; None for a mistake of ours."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # an error raised twice may stand in its own context
        seen.add(id(error))
        if isinstance(error, ModelportError | pulumi.RunError):
            return str(error)
        if isinstance(error, OSError) and error.filename:
            return f"{error.filename}: {error.strerror}."
        error = error.__cause__ or error.__context__
    return None
