"""A future whose waiters go on at once."""

import asyncio

import pytest

from modelport_server.inference.promise import Promise


def run(conversation):
    async def within():
        return await conversation(Promise())

    return asyncio.run(within())


def test_a_task_that_waits_goes_on_when_it_is_set_and_not_later():
    async def conversation(promise):
        seen = []

        async def wait():
            seen.append(await promise)

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(lambda: (promise.set_result(1), seen.append("then")))
        await task
        return seen

    assert run(conversation) == [1, "then"]


def test_what_is_set_already_is_not_waited_for():
    async def conversation(promise):
        promise.set_result(1)
        called = asyncio.Event()
        promise.add_done_callback(lambda _: called.set())
        await called.wait()
        return await promise, promise.done(), promise.exception()

    assert run(conversation) == (1, True, None)


def test_an_exception_is_raised_to_who_waits():
    async def conversation(promise):
        waiting = asyncio.gather(promise, return_exceptions=True)
        asyncio.get_running_loop().call_soon(promise.set_exception, ValueError("no"))
        return await waiting, promise.cancelled()

    (error,), is_cancelled = run(conversation)
    assert (str(error), is_cancelled) == ("no", False)


def test_a_task_that_is_cancelled_cancels_it():
    async def conversation(promise):
        async def wait():
            await promise

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncio.CancelledError):
            promise.exception()
        return promise.cancelled(), promise.cancel()

    assert run(conversation) == (True, False)


def test_it_is_set_once():
    async def conversation(promise):
        with pytest.raises(asyncio.InvalidStateError):
            promise.result()
        promise.set_result(1)
        with pytest.raises(asyncio.InvalidStateError):
            promise.set_exception(ValueError())
        return promise.result()

    assert run(conversation) == 1
