"""Modes around generators, coroutines and tasks; one mode used twice; both forms of decorator."""

import asyncio
import contextvars
import functools
import gc
import inspect
import threading
import types

import pytest

from autograd import AnomalyError, Value, detect_anomaly, modes, no_grad
from autograd.modes import switches
from nn import MLP


@pytest.fixture(autouse=True)
def nothing_stays_on():
    yield
    gc.collect(1)  # what is young; the tests of a whole run are many objects to look at
    assert modes.active == 0
    assert (switches.recording, switches.watching) == (True, False)


def records():
    """Whether an operation leaves a node here."""
    assert ((Value(1.0) * 2).op is not None) == switches.recording
    return switches.recording


# --- one mode, many uses ---


def test_one_mode_may_be_used_again_and_within_itself():
    mode = no_grad()
    for _ in range(2):
        with mode:
            assert not records()
            with mode:
                assert not records()
            assert not records()
        assert records()


def test_one_mode_in_several_threads():
    mode, inside, done = no_grad(), threading.Barrier(3), threading.Barrier(3)
    found = []

    def use():
        with mode:
            inside.wait()
            done.wait()
            found.append(records())
        found.append(records())

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait()
    assert records()
    with mode:
        done.wait()
        for thread in threads:
            thread.join()
        assert not records()
    assert sorted(found) == [False, False, True, True]


def test_two_modes_that_end_in_the_other_order():
    one, other = no_grad(), detect_anomaly()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert (switches.recording, switches.watching) == (True, True)
    other.__exit__(None, None, None)


def test_a_new_thread_starts_with_the_modes_off():
    found = []
    with no_grad(), detect_anomaly():
        thread = threading.Thread(target=lambda: found.append((records(), switches.watching)))
        thread.start()
        thread.join()
    assert found == [(True, False)]


# --- decorators ---

FORMS = {"with parentheses": no_grad(), "bare": no_grad}


@pytest.mark.parametrize("decorator", FORMS.values(), ids=FORMS)
def test_a_function(decorator):
    @decorator
    def predict(x, *, scale=2):
        """Words."""
        return x * scale, records()

    assert (predict.__name__, predict.__doc__) == ("predict", "Words.")
    result, recorded = predict(Value(1.0), scale=3)
    assert (result.data, result.op, recorded) == (3.0, None, False)
    assert records()
    with pytest.raises(TypeError):
        predict()
    assert records()


@pytest.mark.parametrize("decorator", FORMS.values(), ids=FORMS)
def test_methods_of_each_kind(decorator):
    class Model:
        @decorator
        def method(self):
            return type(self), records()

        @decorator
        @staticmethod
        def static(x):
            return x, records()

        @decorator
        @classmethod
        def of_class(cls):
            return cls, records()

        @staticmethod
        @decorator
        def below(x):
            return x, records()

    assert Model().method() == (Model, False)
    assert Model().static(1) == Model.static(1) == Model().below(1) == (1, False)
    assert Model.of_class() == (Model, False)


def test_a_function_that_calls_itself():
    @no_grad
    def count(n):
        return [records(), *(count(n - 1) if n else [])]

    assert count(3) == [False] * 4
    assert records()


def test_a_model():
    model = MLP(2, [2, 1], seed=1)
    assert no_grad(model)([1.0, 2.0]).op is None
    assert model([1.0, 2.0]).op is not None


@pytest.mark.parametrize(
    "wrong", [3, "f", property(len), Value, [len]], ids=lambda x: type(x).__name__
)
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(TypeError, match=r"decorates a function or a method; got .*with no_grad"):
        no_grad(wrong)
    with pytest.raises(TypeError, match="decorates a function or a method"):
        detect_anomaly()(wrong)


# --- generators: the body is inside, and what runs between its steps is not ---


@pytest.mark.parametrize("decorator", FORMS.values(), ids=FORMS)
def test_a_generator(decorator):
    @decorator
    def numbers(n):
        for i in range(n):
            yield i, records()
        return records()

    assert inspect.isgeneratorfunction(numbers)
    seen = []
    for item in numbers(3):
        assert records()
        seen.append(item)
    assert seen == [(0, False), (1, False), (2, False)]

    def outer():
        return (yield from numbers(1))

    steps = outer()
    next(steps)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value is False


def test_a_generator_that_is_sent_to_thrown_at_and_closed():
    log = []

    @no_grad()
    def body():
        given = None
        while True:
            try:
                given = yield given, records()
            except KeyError as error:
                given = repr(error)
            finally:
                log.append(records())

    steps = body()
    assert next(steps) == (None, False)
    assert steps.send(5) == (5, False)
    assert steps.throw(KeyError("k")) == ("KeyError('k')", False)
    with pytest.raises(ZeroDivisionError):
        steps.throw(ZeroDivisionError())
    assert records()
    other = body()
    next(other)
    other.close()
    assert log == [False] * 4


def test_a_generator_left_in_the_middle_leaves_nothing_on():
    @no_grad()
    def endless():
        while True:
            yield records()

    steps = endless()
    next(steps)
    assert records()
    assert modes.active == 0
    del steps


def test_a_with_block_in_a_generator_that_ends_in_another_context():
    def body():
        with no_grad():
            yield records()

    steps = body()
    context = contextvars.copy_context()
    assert context.run(next, steps) is False
    assert records()
    del steps
    gc.collect(1)
    assert records()
    assert context.run(records)
    assert modes.active == 0


def test_two_generators_in_turns():
    def body():
        with no_grad():
            yield
            yield

    one, other = body(), body()
    for steps in (one, other, one, other):
        next(steps)
        assert not records()
    one.close()
    assert not records()
    other.close()
    assert records()


# --- coroutines and tasks ---


@pytest.mark.parametrize("decorator", FORMS.values(), ids=FORMS)
def test_a_coroutine(decorator):
    @decorator
    async def predict(x):
        before = records()
        await asyncio.sleep(0)
        return x, before, records()

    async def main():
        return await asyncio.gather(predict(1), predict(2))

    assert inspect.iscoroutinefunction(predict)
    assert asyncio.run(main()) == [(1, False, False), (2, False, False)]


@types.coroutine
def pause():
    yield


def test_a_coroutine_does_not_hold_between_its_steps():
    @detect_anomaly
    @no_grad
    async def body():
        await pause()
        with pytest.raises(AnomalyError):
            Value(-1.0).log()
        return records()

    steps = body()
    steps.send(None)
    assert records()
    assert modes.active == 0
    with pytest.raises(StopIteration) as end:
        steps.send(None)
    assert end.value.value is False
    abandoned = body()
    abandoned.send(None)
    abandoned.close()


def test_a_with_block_held_over_an_await_stays_in_its_task():
    found = {}

    async def holds(ready, done):
        with no_grad(), detect_anomaly():
            ready.set()
            await done.wait()
            found["inside"] = records(), switches.watching

    async def other(ready, done):
        await ready.wait()
        found["other"] = records(), switches.watching
        done.set()

    async def main():
        ready, done = asyncio.Event(), asyncio.Event()
        await asyncio.gather(holds(ready, done), other(ready, done))
        found["after"] = records(), switches.watching

    asyncio.run(main())
    assert found == {"inside": (False, True), "other": (True, False), "after": (True, False)}


def test_a_task_that_starts_in_a_block_is_in_it_until_the_block_ends():
    async def child(ended):
        first = records()
        await ended.wait()
        return first, records()

    async def main():
        ended = asyncio.Event()
        with no_grad():
            task = asyncio.create_task(child(ended))
            await asyncio.sleep(0)
            in_thread = await asyncio.to_thread(records)
        ended.set()
        with detect_anomaly():  # some mode is on, so operations ask
            return in_thread, await task

    assert asyncio.run(main()) == (False, (False, True))


@pytest.mark.parametrize("decorator", FORMS.values(), ids=FORMS)
def test_an_asynchronous_generator(decorator):
    log = []

    @decorator
    async def numbers(n):
        try:
            for i in range(n):
                await asyncio.sleep(0)
                try:
                    given = yield i, records()
                except KeyError:
                    given = "thrown"
                if given:
                    log.append((given, records()))
        finally:
            await asyncio.sleep(0)
            log.append(records())

    async def main():
        seen = []
        async for item in numbers(2):
            assert records()
            seen.append(item)
        steps = numbers(9)
        await steps.asend(None)
        await steps.asend("sent")
        await steps.athrow(KeyError())
        await steps.aclose()
        return seen

    assert inspect.isasyncgenfunction(numbers)
    assert asyncio.run(main()) == [(0, False), (1, False)]
    assert log == [False, ("sent", False), ("thrown", False), False]


def test_objects_with_an_asynchronous_call_and_partial_functions():
    class Model:
        async def __call__(self, x):
            await asyncio.sleep(0)
            return x, records()

    async def function(x, y):
        await asyncio.sleep(0)
        return x, y, records()

    assert asyncio.run(no_grad(Model())(1)) == (1, False)
    assert asyncio.run(no_grad(functools.partial(function, 1))(2)) == (1, 2, False)
