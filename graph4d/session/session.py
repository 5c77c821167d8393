"""``Session``: a recipe that somebody plays with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.run.cancel import Cancelled
from graph4d.session.board import HALTED, Board
from graph4d.session.events import Changed
from graph4d.session.moment import Moment
from graph4d.session.need import changed_steps
from graph4d.session.notify import Notifier
from graph4d.session.scheduler import REST, Scheduler
from graph4d.session.settings import Settings, same
from graph4d.session.state import State, Status, raise_for
from graph4d.store import default_store

if TYPE_CHECKING:
    from types import TracebackType

    from graph4d.parameters import Parameter
    from graph4d.recipe.graph import Graph
    from graph4d.registry import Registry
    from graph4d.run.events import Event
    from graph4d.store import Store

__all__ = ["Session"]


class Session:
    """A recipe whose values change, and whose results follow: those that somebody watches, and no others.

    All methods may be called from any thread.

    Parameters
    ----------
    recipe : Graph, str or Path
        A graph, a recipe's file, or its text, if that has more than one line.
    parameters : mapping, optional
        Values to begin with, as :meth:`set` takes them.
    store : Store, optional
        Where results are looked up and kept; by default the one that the command line uses.
    workers : int, optional
        Threads of a run; all cores by default. Never changes a result.
    registry : Registry, optional
        Where nodes are looked up; by default all that are installed.

    Raises
    ------
    RecipeErrors
        Everything that is wrong with the recipe.

    Examples
    --------
    >>> session = Session("recipes/explore.yml", parameters={"scan": "scan.h5"})  # doctest: +SKIP
    >>> session.watch("ricom")  # doctest: +SKIP
    >>> session.set(kernel=21)  # doctest: +SKIP
    2
    >>> session.value("ricom")  # doctest: +SKIP
    """

    def __init__(
        self,
        recipe: Graph | str | Path,
        *,
        parameters: Mapping[str, object] | None = None,
        store: Store | None = None,
        workers: int | None = None,
        registry: Registry | None = None,
    ) -> None:
        self.store = default_store() if store is None else store
        self._settings = Settings(recipe, parameters or {}, registry)
        self._given = dict(self._settings.given)
        self.graph: Graph = self._settings.graph(self._given)
        """For the present values."""
        self.values: Mapping[str, Any] = self._settings.values(self.graph)
        """Present value of all that can be set, in base units; those that have none are missing."""
        self.initial: Mapping[str, Any] = dict(self.values)
        """What :meth:`reset` goes back to."""
        self.revision = 1
        """Counts the changes."""
        self._since = time.monotonic()
        self._applied: set[str] = set()  # what is watched and need not wait for :meth:`apply`
        self._notifier = Notifier()
        self._board = Board(self._notifier.add)
        self._scheduler = Scheduler(self._board, self._notifier, self.store, workers, self._moment)
        self._lock = self._scheduler.changed

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What can be set: parameters of the recipe by name, and as ``step.parameter`` those that it leaves free."""
        return self._settings.parameters

    @property
    def events(self) -> list[Event]:
        """What happened, in order: the last few thousand events of the session and its runs."""
        return self._notifier.events

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Hear of every event.

        Parameters
        ----------
        listener : callable
            Is called with one event at a time, in order, from whatever thread; it may call the session, but must not
            wait for it.

        Returns
        -------
        callable
            Ends it.
        """
        return self._notifier.subscribe(listener)

    def set(self, values: Mapping[str, object] | None = None, /, *, moving: bool = False, **named: object) -> int:
        """Give parameters new values.

        Parameters
        ----------
        values, **named
            By name; the mapping takes names such as ``ricom.low``. Numbers count in base units (Å, 1/Å, rad, eV, s);
            text has a unit: ``"21 mrad"``.
        moving : bool
            A control is on its way: where the exact result takes long a preview will do, until the control rests.

        Returns
        -------
        int
            The revision.

        Raises
        ------
        UsageError
            A name is unknown or a value does not fit; then nothing changes.
        """
        wanted = {name: self._settings.fitted(name, value) for name, value in {**(values or {}), **named}.items()}
        with self._lock:
            # None was never set: a parameter without a default has no value at first.
            new = {n: v for n, v in wanted.items() if n not in self.values or not same(self.values[n], v)}
            if new:
                self._change({**self._given, **new}, moving)
            elif not moving:
                self._scheduler.rest()
            revision = self.revision
        self._notifier.deliver()
        return revision

    def reset(self, *names: str) -> int:
        """Go back to the values at the start, of all parameters if none are named; returns the revision.

        Raises
        ------
        UsageError
            A name is unknown.
        """
        return self.set({name: self.initial.get(name) for name in names or self.initial})

    def watch(self, *names: str) -> None:
        """Keep values up to date from now on: outputs of the recipe, ``step`` or ``step.output``.

        Raises
        ------
        UsageError
            There is no such value.
        """
        with self._lock:
            for name in names:
                self.graph.find(name)
            for name in names:
                self._board.watch(name, self.revision)
            self._since = time.monotonic()
            self._scheduler.wake()
        self._notifier.deliver()

    def unwatch(self, *names: str) -> None:
        """Take back a :meth:`watch`; what nobody else needs is not computed any further."""
        with self._lock:
            for name in names:
                self._board.unwatch(name)
            watched = self._board.names
            self._applied.intersection_update(watched)
            needed = self.graph.ancestors(self.graph.find(name).step for name in watched)
            self._scheduler.drop(self.graph.steps.keys() - needed)
            self._lock.notify_all()

    def state(self, name: str) -> State:
        """How current a watched value is, and what there is to see of it."""
        with self._lock:
            return self._board.state(name)

    def value(self, name: str) -> Any:
        """The exact value for the present parameters, waited for if need be; expensive steps run for it.

        Raises
        ------
        RunError, UsageError
            It could not be computed.
        Cancelled
            Somebody stopped it, or closed the session.
        """
        self.watch(name)
        try:
            while True:
                self.apply(name)
                state = self._settled([name])[0]
                raise_for([state])
                if state.status is Status.FRESH and state.shown is not None:
                    return state.shown.value
                with self._lock:  # an expensive step waits again for a newer change
                    if name not in self._board.names:
                        raise Cancelled("the session was closed")
        finally:
            self.unwatch(name)

    def wait(self, timeout: float | None = None) -> None:
        """Until watched values are exact for the present parameters, and listeners know of it.

        What waits for :meth:`apply` is left out.

        Parameters
        ----------
        timeout : float, optional
            In seconds.

        Raises
        ------
        RunError, UsageError
            One of them could not be computed.
        Cancelled
            Somebody stopped it.
        TimeoutError
            It took too long.
        """
        states = self._settled(None, timeout)
        self._notifier.drain()
        raise_for(states)

    @property
    def needs_apply(self) -> bool:
        """Whether something that is watched waits for :meth:`apply`."""
        with self._lock:
            return bool(self._board.waiting())

    def apply(self, *names: str) -> None:
        """Let steps that are expensive or write files run for the present values, and run again what failed.

        Parameters
        ----------
        *names : str
            Watched values for which they run; all by default.
        """
        with self._lock:
            watched = [name for name in self._board.names if not names or name in names]
            again = [name for name in watched if self._board.state(name).status in HALTED]
            self._applied.update(watched)
            if again:
                self._since = time.monotonic()
                self._board.touch(again, self.revision)
            self._scheduler.wake()
        self._notifier.deliver()

    def cancel(self) -> None:
        """Stop what runs; what is shown stays, and the next change or :meth:`apply` goes on."""
        with self._lock:
            self._board.set_status(self._board.pending(), Status.CANCELLED)
            self._scheduler.cancel()
            self._lock.notify_all()
        self._notifier.deliver()

    def save(self, path: str | Path | None = None) -> Path:
        """Write the values that differ from the recipe's into its file, keeping comments and order.

        Parameters
        ----------
        path : str or Path, optional
            Another file for the whole recipe.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        UsageError
            The recipe is not a file and none is named, or it cannot be read or written.
        """
        return self._settings.save(self._differing(), None if path is None else Path(path))

    def recipe(self) -> str:
        """The recipe with the present values in it, as YAML."""
        return self._settings.text(self._differing())

    def close(self) -> None:
        """Stop what runs and watch nothing any more."""
        self.cancel()
        with self._lock:
            self._board.clear()
            self._applied.clear()
            self._scheduler.close()
            self._lock.notify_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _change(self, given: dict[str, Any], moving: bool) -> None:
        graph = self._settings.graph(given)
        watched = {name: graph.find(name).step for name in self._board.names}
        values = self._settings.values(graph)
        steps = changed_steps(self.graph, graph)
        differ = tuple((n, v) for n, v in values.items() if n not in self.values or not same(self.values[n], v))
        self._given, self.graph, self.values = given, graph, values
        self.revision += 1
        self._since = time.monotonic()
        self._notifier.add(Changed(self.revision, differ))
        affected = {name for name, step in watched.items() if step in steps}
        halted = {name for name in watched if self._board.state(name).status in (Status.FAILED, Status.CANCELLED)}
        self._applied -= affected
        self._board.touch([name for name in watched if name in affected | halted], self.revision)
        self._scheduler.rest(self._since + REST if moving else 0.0)
        self._scheduler.drop(steps)
        self._scheduler.wake()

    def _settled(self, names: Sequence[str] | None, timeout: float | None = None) -> list[State]:
        """States of these values (of all that are watched by default) once nothing is under way for them."""
        with self._lock:
            self._scheduler.rest()
            wanted = self._board.names if names is None else names
            if not self._lock.wait_for(lambda: set(wanted).isdisjoint(self._board.pending()), timeout):
                raise TimeoutError(f"{', '.join(self._board.pending())}: not there after {timeout:g} s")
            return [self._board.state(name) for name in wanted]

    def _moment(self, names: Iterable[str]) -> Moment:
        return Moment(self.graph, self.revision, self._since, tuple(names), frozenset(self._applied))

    def _differing(self) -> dict[str, Any]:
        """The values that the recipe's text does not have."""
        with self._lock:
            return self._settings.changed({name: self.values[name] for name in self._given if name in self.values})
