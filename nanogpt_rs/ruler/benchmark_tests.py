"""Benchmark tests of pytest: what a test gives to its fixture ``benchmark``, caught in its run.

A test is run as pytest runs it, with a fixture of ours in the place of pytest-benchmark's. When the
test calls that fixture, the test stands still: its own fixtures live, and what it would have timed
is known. Tests that are compared run inside each other, each in a session of its own: one stands
still while the next is set up. When all stand still, they can be called in turn. Then each goes on,
from the innermost outwards, with the answer of a real call, and asserts what it has to assert.
"""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import redirect_stderr, suppress
from functools import partial
from mmap import mmap
from typing import Any

from nanogpt_rs.ruler.callables import Loaded, Prepared
from nanogpt_rs.ruler.excerpts import shown

FIXTURE = "benchmark"
FRAMES = 400
"""Python's own frames that a session of pytest takes, with room to spare."""
LEFT_OUT: Mapping[str, object] = {
    "benchmark_only": False,
    "benchmark_skip": False,
    "benchmark_disable": True,
    "benchmark_enable": False,
    "benchmark_save": None,
    "benchmark_autosave": None,
    "benchmark_json": None,
    "benchmark_compare": None,
    "benchmark_compare_fail": [],
    "benchmark_histogram": None,
    "benchmark_cprofile": None,
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "timeout": 0,
    "reruns": 0,
    "cov_source": [],
    "usepdb": False,
}
"""Options of pytest and of plugins that a project may have set for its own runs, with the values
that leave out what they do: they would save a file, skip the test, trace its lines, end it, run it
in another process, or wait for somebody to type."""


class TestError(Exception):
    """A test cannot be compared; the message says why.

    Attributes:
        index: Place of the test among those that are run.
    """

    __test__ = False  # pytest takes classes of such names for tests

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


class StoppedError(Exception):
    """Ends a test that stands still where another test cannot be compared."""


class MisusedError(Exception):
    """A test uses the fixture in a way that cannot be compared; the message says which."""


class Benchmark:
    """The fixture that a test gets: it catches what pytest-benchmark would time.

    Beside that it is as pytest-benchmark's with ``--benchmark-disable``.
    """

    def __init__(self, catch: Callable[[Loaded], Any], item: Any) -> None:
        self.catch = catch
        self.used = False
        self.name, self.fullname = item.name, item.nodeid
        callspec = getattr(item, "callspec", None)
        self.param = getattr(callspec, "id", None)
        self.params = getattr(callspec, "params", None)
        self.group: str | None = None
        self.extra_info: dict[str, Any] = {}
        self.stats = None
        self.disabled, self.skipped, self.has_error = True, False, False

    @property
    def enabled(self) -> bool:
        """Whether pytest-benchmark times, which it does not."""
        return False

    def __call__(self, function_to_benchmark: Any, *args: Any, **kwargs: Any) -> Any:
        """Catch a call, and return its answer."""
        self.use(function_to_benchmark)
        function = partial(function_to_benchmark, *args, **kwargs)
        plain = function_to_benchmark if not (args or kwargs) else function
        names = {"args": args, "kwargs": kwargs}
        code = getattr(function_to_benchmark, "__code__", None)
        return self.catch(Loaded(plain, names=names, code=code, of_code=function_to_benchmark))

    def pedantic(
        self,
        target: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,  # noqa: ARG002 - how much is measured is not the test's to say here
        warmup_rounds: int = 0,  # noqa: ARG002
        iterations: int = 1,  # noqa: ARG002
    ) -> Any:
        """Catch a call with what goes before and after it, and return its answer."""
        if setup is None and teardown is None:
            return self(target, *args, **(kwargs or {}))
        self.use(target)

        def prepare() -> tuple[tuple[Any, ...], dict[str, Any]]:
            made = setup() if setup is not None else None
            if not made:
                return tuple(args), dict(kwargs or {})
            if args or kwargs:
                raise MisusedError("gives arguments to pedantic() and makes others in its setup")
            return tuple(made[0]), dict(made[1])

        def whole() -> Any:
            args, kwargs = prepare()
            answer = target(*args, **kwargs)
            if teardown is not None:
                teardown(*args, **kwargs)
            return answer

        code = getattr(target, "__code__", None)
        prepared = Prepared(target, prepare, teardown)
        return self.catch(Loaded(whole, code=code, of_code=target, prepared=prepared))

    def use(self, target: object) -> None:
        """Note that the fixture is used.

        Raises:
            MisusedError: It was used before, or with something that computes nothing when called.
        """
        if self.used:
            raise MisusedError(
                "calls benchmark more than once, and only one call can be compared: split it into "
                "two tests"
            )
        self.used = True
        if inspect.iscoroutinefunction(target):
            raise MisusedError(
                "gives benchmark an async function, of which a call computes nothing: benchmark a "
                "function that runs it, such as one that calls asyncio.run"
            )
        if not callable(target):
            raise MisusedError(f"gives benchmark a {type(target).__name__}, which cannot be called")

    def weave(self, *_: Any, **__: Any) -> None:
        """Refuse to benchmark each call that other code makes of a function.

        Raises:
            MisusedError: Always.
        """
        raise MisusedError("uses benchmark.weave or patch, whose calls cannot be compared")

    patch = weave


def fixture_class() -> type[Benchmark]:
    """Return the fixture's class, which is one of pytest-benchmark's where that is imported.

    pytest-benchmark refuses any other object of this name.
    """
    theirs = getattr(sys.modules.get("pytest_benchmark.fixture"), "BenchmarkFixture", None)
    return Benchmark if theirs is None else type("BenchmarkFixture", (Benchmark, theirs), {})


class TestRun:
    """One test's session of pytest: its hooks, and what became of the test.

    Attributes:
        node: Node id of the test.
        catch: Called with what the test gives to its fixture; returns the call's answer.
        caught: Whether the test has called its fixture.
        fault: Why the test cannot be compared, in words; ``None`` if it can.
        imported: Names of the modules that were imported before any of the project's own.
        plugins: Names of the packages whose plugins pytest has loaded.
    """

    __test__ = False

    def __init__(self, node: str, catch: Callable[[Loaded], Any]) -> None:
        self.node, self.test_catch = node, catch
        self.caught = False
        self.fault: str | None = None
        self.imported: set[str] = set()
        self.plugins: set[str] = set()
        self.began = False
        self.errors = sys.stderr

    def run(self, cache: str, *, explained: bool) -> None:
        """Run the test.

        Args:
            cache: Folder for pytest's cache.
            explained: Whether pytest rewrites assertions so that a failure says more. That takes
                time, and slows down what is asserted in a function that is measured.
        """
        import pytest

        for name, how in HOOKS.items():
            pytest.hookimpl(**how)(getattr(TestRun, name))  # type: ignore[call-overload]
        # A header is what some plugins import their whole package for.
        quiet = ["-q", "-q", "--no-header", "--no-summary", "--capture=no"]
        how_asserted = "--assert=rewrite" if explained else "--assert=plain"
        options = [*quiet, how_asserted, "-o", f"cache_dir={cache}", self.node]
        said = io.StringIO()
        with redirect_stderr(said):
            status = int(pytest.main(options, plugins=[self, fixture_if_missing()]))
        if self.fault is None and status and not self.began:
            last = (said.getvalue().strip().splitlines() or [f"status {status}"])[-1]
            self.fault = f"pytest does not begin here: {last}"
        elif self.fault is None and status in (4, 5):
            self.fault = "there is no such test"
        elif self.fault is None and status:
            self.fault = f"pytest ended with status {status}"
        elif self.fault is None and not self.caught:
            self.fault = (
                "does not call its fixture benchmark, so that it does not say what to compare"
            )

    def catch(self, loaded: Loaded) -> Any:
        """Note that the test has called its fixture, and return the call's answer."""
        self.caught = True
        return self.test_catch(loaded)

    # --- hooks ---

    def pytest_load_initial_conftests(self, early_config: Any) -> Generator[None, Any, Any]:
        """Leave out what would disturb, before a plugin begins with it."""
        self.imported = set(sys.modules)
        leave_out(early_config.known_args_namespace)
        return (yield)

    def pytest_cmdline_main(self, config: Any) -> Generator[None, Any, Any]:
        """Leave out what would disturb, once the command line is known."""
        leave_out(config.option)
        return (yield)

    def pytest_configure(self, config: Any) -> None:
        """Register the marker of pytest-benchmark, which need not be installed."""
        config.addinivalue_line("markers", "benchmark: settings of pytest-benchmark")

    def pytest_sessionstart(self, session: Any) -> None:
        """Give the process its standard error back: only what ends pytest before is of interest."""
        self.began = True
        plugins = session.config.pluginmanager.list_plugin_distinfo()
        self.plugins = {dist.project_name.lower().replace("-", "_") for _, dist in plugins}
        sys.stderr = self.errors

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Note why a file cannot be imported."""
        if report.when == "collect" and self.fault is None:
            lines = [
                line[1:].strip() for line in str(report.longrepr).splitlines() if line[:2] == "E "
            ]
            why = lines[0] if lines else shown(call.excinfo.value)
            self.fault = f"{getattr(node, 'name', 'its file')} cannot be imported: {why}"

    def pytest_collection_finish(self, session: Any) -> None:
        """Refuse more than one test, and what can never be caught."""
        names = [item.nodeid.rpartition("::")[2] for item in session.items]
        if len(names) > 1 and self.fault is None:
            few = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
            self.fault = f"names {len(names)} tests, and one is compared: {few}"
        elif not names and self.fault is None and session.testscollected == 0:
            self.fault = "there is no such test"
        elif names and inspect.iscoroutinefunction(getattr(session.items[0], "obj", None)):
            self.fault = (
                "is an async test, and only one event loop can run in a thread: benchmark a "
                "function that calls asyncio.run, in a test that is not async"
            )
        if self.fault is not None:
            session.items = []

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> object | None:
        """Make our fixture in the place of the one that a plugin has."""
        module = getattr(fixturedef.func, "__module__", "") or ""
        ours = module.startswith(("pytest_benchmark", "pytest_codspeed", __name__))
        if fixturedef.argname != FIXTURE or not ours:
            return None
        made = fixture_class()(self.catch, request.node)
        fixturedef.cached_result = (made, fixturedef.cache_key(request), None)
        return made

    def pytest_runtest_makereport(self, call: Any) -> Generator[None, Any, Any]:
        """Note how the test failed, or that it was left out."""
        report = yield
        if self.fault is None and report.outcome != "passed":
            error = call.excinfo.value if call.excinfo else None
            if hasattr(report, "wasxfail"):
                self.fault = "is expected to fail"
            elif report.outcome == "skipped":
                self.fault = f"is skipped: {error}"
            elif isinstance(error, MisusedError):
                self.fault = str(error)
            else:
                where = {"setup": "its fixtures fail", "call": "fails"}.get(report.when)
                self.fault = f"{where or 'its fixtures fail after it'}: {shown(error)}"  # type: ignore[arg-type]
        return report


HOOKS: Mapping[str, dict[str, bool]] = {
    "pytest_load_initial_conftests": {"wrapper": True, "tryfirst": True},
    "pytest_cmdline_main": {"wrapper": True, "tryfirst": True},
    "pytest_sessionstart": {"tryfirst": True},
    "pytest_collection_finish": {"tryfirst": True},
    "pytest_fixture_setup": {"tryfirst": True},
    "pytest_runtest_makereport": {"wrapper": True, "tryfirst": True},
}
"""How pytest has to call the hooks of ``TestRun``."""


def leave_out(options: Any) -> None:
    """Give the options of ``LEFT_OUT`` that pytest knows here their harmless values."""
    for name, value in LEFT_OUT.items():
        if hasattr(options, name):
            setattr(options, name, value)


def fixture_if_missing() -> object:
    """Return a plugin with a fixture of the right name, for where pytest-benchmark is missing."""
    import pytest

    return type("FixtureIfMissing", (), {FIXTURE: pytest.fixture(stands_in)})()


def stands_in(_self: object) -> None:
    """Stand for the fixture that ``pytest_fixture_setup`` makes."""


class Nest:
    """Tests that are run inside each other, until all stand still.

    Attributes:
        nodes: Node ids of the tests.
        places: Their places, the outermost first.
        body: Called with what was caught, by place, when all stand still.
        mark: Its byte is set to the place of the test that is being run.
        cache: Folder for pytest's cache.
        explained: Whether failures say more, which takes time.
        caught: What was caught so far, by place.
        faults: What is wrong with a test that went on after it had stood still, by place.
        imported: Names of the modules that were imported before any of the project's own.
        plugins: Names of the packages whose plugins pytest has loaded.
        result: What ``body`` has returned.
        error: What ended the run, if anything did.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        places: Sequence[int],
        body: Callable[[dict[int, Loaded]], Any],
        mark: mmap,
        cache: str,
        *,
        explained: bool,
    ) -> None:
        self.nodes, self.places, self.body, self.mark = nodes, places, body, mark
        self.cache, self.explained = cache, explained
        self.caught: dict[int, Loaded] = {}
        self.faults: dict[int, str] = {}
        self.imported: set[str] = set()
        self.plugins: set[str] = set()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> Any:
        """Run the tests, and return what ``body`` returns.

        Raises:
            TestError: A test cannot be compared.
            Exception: What ``body`` raised.
        """
        sys.setrecursionlimit(sys.getrecursionlimit() + FRAMES * len(self.places))
        # pytest warns of each plugin's package that was imported before it could rewrite it.
        with suppress(KeyError):
            sys.modules["nanogpt_rs"].__doc__ = "PYTEST_DONT_REWRITE"
        self.enter(0)
        if self.error is not None:
            raise self.error
        return self.result

    def enter(self, depth: int) -> None:
        """Run the test of this depth, or call ``body`` where all stand still."""
        if depth == len(self.places):
            self.result = self.body(self.caught)
            return
        place = self.places[depth]
        self.mark[0] = place
        run = TestRun(self.nodes[place], partial(self.stand_still, depth))
        run.run(self.cache, explained=self.explained)
        self.imported = self.imported or run.imported
        self.plugins |= run.plugins
        if self.error is None and run.fault is not None:
            if place not in self.caught:
                self.error = TestError(place, run.fault)
            self.faults.setdefault(place, run.fault)

    def stand_still(self, depth: int, loaded: Loaded) -> Any:
        """Keep what a test has given to its fixture while the next are run; then let it go on.

        Raises:
            StoppedError: Another test cannot be compared.
        """
        place = self.places[depth]
        self.caught[place] = loaded
        try:
            self.enter(depth + 1)
        except BaseException as error:  # it must pass through pytest, which would catch it
            self.error = self.error or error
        if self.error is not None:
            raise StoppedError
        self.mark[0] = place
        return loaded.function()
