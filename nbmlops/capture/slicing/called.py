"""What calls do to objects: the notebook's own functions are played, libraries' are known by name, others may do anything."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from nbmlops.capture.slicing.objects import NOTHING, Objects, Some, union
from nbmlops.capture.slicing.purity import KEEPING, OPAQUE, Effect, of_function, of_method
from nbmlops.capture.slicing.steps import Called


class Calls(Objects):
    """Objects, and what calling them does."""

    def __init__(self) -> None:
        super().__init__()
        self._guessed: set[int] = set()  # functions that may be called, and were played for it in this cell

    @abstractmethod
    def invoke(self, function: int, local: dict[str, Some]) -> Some:
        """Play a function's body with its own names bound so; gives what it may give back."""

    def iterate(self, whole: Some) -> Some:
        """What an element may be; a stream is changed by it."""
        streams = {one for one in whole if self.kind.get(one) in ("stream", "random")}
        if streams:
            self.change(streams, deep=True)
        found = set(self.part(whole))
        for one in whole:
            for owner in self._classes(one):
                for method in ("__iter__", "__next__"):
                    found |= self._calls(self._lookup(owner, method), [frozenset({one})], frozenset({one}))
        return frozenset(found)

    def call(self, called: Called, slots: list[Some]) -> Some:
        """Play a call by what is known of whom it calls; what is not known may change and keep all it is given."""
        if self.process is not None:
            self.needs.add(self.process)
        callee, receiver = slots[called.callee], slots[called.receiver]
        args = [slots[arg] for arg in called.args]
        given = frozenset().union(*args, *(slots[slot] for _, slot, _ in called.keywords))
        found: set[int] = set()
        if called.receiver:
            return self._method_call(called, callee, receiver, args, given, slots)
        if not callee and called.callee == 0:
            return frozenset({self.new("", given)}) if given else NOTHING  # a method of a literal
        unknown = not callee
        for one in callee:
            if one in self.code:
                found |= self.invoke(one, self._fill(one, args, called, slots, given))
            elif one in self.methods:
                found |= self._construct(one, args, called, slots, given)
            elif one in self.dotted:
                found |= self._library_call(self.dotted[one], called, args, given, NOTHING, slots)
            else:
                unknown = True
                for owner in self._classes(one):
                    for method in self._lookup(owner, "__call__"):
                        if method in self.code:
                            found |= self.invoke(method, self._fill(method, [frozenset({one}), *args], called, slots, given))
        if unknown:
            # A bound method under a name of its own changes, and keeps things in, what it is bound to.
            loose = frozenset(one for one in self._changeable(callee) if one in self.kind or one in self.holds or one in self.class_of)
            found |= self._apply(of_method("") if loose else of_function("?"), called, args, given, loose, slots)
        return frozenset(found)

    def _method_call(self, called: Called, callee: Some, receiver: Some, args: list[Some], given: Some, slots: list[Some]) -> Some:
        found: set[int] = set()
        library = [one for one in callee if one in self.dotted]
        for one in library:
            found |= self._library_call(self.dotted[one], called, args, given, receiver, slots)
        left = set()
        for one in receiver:
            if one in self.dotted:
                continue
            methods = frozenset().union(*(self._lookup(owner, called.name) for owner in self._classes(one)))
            codes = [method for method in methods if method in self.code]
            for method in codes:
                whole = [frozenset({one}), *args]
                found |= self.invoke(method, self._fill(method, whole, called, slots, given))
                if one in self.methods:
                    found |= self.invoke(method, self._fill(method, args, called, slots, given))
            if not codes or (one in self.holds and any(held in self.code for held in self.holds[one])):
                left.add(one)
                if self._classes(one):
                    # An inherited method may call any of the class's own.
                    for owner in self._classes(one):
                        for named in self.methods.get(owner, {}).values():
                            found |= self._calls(named, [frozenset({one}), *args], given | {one})
        if left:
            found |= self._apply(of_method(called.name), called, args, given, frozenset(left), slots)
        elif not receiver and called.receiver and not library:
            # A method of a value that cannot change: the arguments are only looked at.
            found |= self._given_functions(given, given)
            streams = {one for one in given if self.kind.get(one) in ("stream", "random")}
            self.change(streams, deep=True)
            found.add(self.new("", given if called.name not in ("join", "format") else ()))
        return frozenset(found)

    def _library_call(self, dotted: str, called: Called, args: list[Some], given: Some, receiver: Some, slots: list[Some]) -> Some:
        if dotted.startswith("builtins."):
            name = dotted[9:]
            if name in OPAQUE and not (name == "vars" and args):
                self.anything_changes()
                return frozenset({self.new()})
            if name in ("setattr", "delattr") and args:
                self.change(args[0], frozenset().union(*args[1:]) if args[1:] else ())
                return NOTHING
            if name == "getattr" and args and called.text is None:
                found = set(self.attribute(args[0], ""))
                for one in args[0]:
                    for owner in self._classes(one):
                        found |= {method for named in self.methods.get(owner, {}).values() for method in named}
                        found.add(self.new("", args[0]))
                return frozenset(found)
        if dotted == "importlib.reload" and args:
            self.change(args[0])
            return args[0]
        effect = of_function(dotted, discarded=called.discarded)
        if "p" in effect.changes:
            first = called.text or ""
            if not (dotted.startswith(("pandas.", "polars.")) and first.startswith(("display.", "plotting.", "max_", "precision"))):
                self.change({self.library(dotted)})
        kept = frozenset(one for one in receiver if one not in self.dotted)
        return self._apply(effect, called, args, given, kept, slots, dotted)

    def _apply(
        self, effect: Effect, called: Called, args: list[Some], given: Some, receiver: Some, slots: list[Some], dotted: str = ""
    ) -> Some:
        first = frozenset(args[0]) if args else NOTHING
        asks = self.trusting and called.name.startswith(("get_", "is_", "has_"))
        changes = "" if asks else effect.changes
        kinds = {self.kind.get(one) for one in receiver}
        pure_array = bool(kinds) and kinds <= {"frame", "array"} and changes == "ra"
        if kinds & {"figure", "stream", "random"} and not asks:
            self.change(receiver, deep=True)
        if changes == "c":
            self._mutator(called, receiver, given)
        elif changes:
            if "r" in changes:
                stored = given if effect.result == "any" else ()
                deep = not pure_array and not self.trusting
                self.change(self._changeable(receiver), self._changeable(stored) if not pure_array else (), deep=deep)
            if "a" in changes and not pure_array and not self.trusting:
                loose = self._changeable(given)
                self.change(loose, deep=True)
                if len(args) + len(called.keywords) > 1:
                    for one in loose:
                        self.keep(one, loose - {one})
            if "1" in changes:
                self.change(self._changeable(first), self._changeable(given - first))
        if effect.process:
            self._change_process()
        self._keywords(called, receiver, first, slots)
        streams = {one for one in given if self.kind.get(one) in ("stream", "random", "figure")}
        if streams and not (effect.result == "atom" and called.name == ""):
            self.change(streams, deep=True)
        if effect.seeds:
            self.seeded[effect.seeds] = self.position
        if effect.draws and self.seeded:
            self._draw(effect.draws, called)
        looked_at = self.trusting and effect.result == "atom"
        from_functions = NOTHING if looked_at else self._given_functions(given | receiver, given | receiver)
        found = self._result(effect, args, given, receiver, dotted, called.name)
        return found if self.trusting and effect.result in ("atom", "fresh") else found | from_functions

    def _mutator(self, called: Called, receiver: Some, given: Some) -> None:
        stored = self._changeable(given) | {one for one in given if one in self.code or one in self.methods}
        inner = set()
        for one in given:
            if self.kind.get(one) in ("plain", "stream") and called.name in ("extend", "update", "extendleft"):
                inner |= self.holds.get(one, set())
        plain = {one for one in receiver if self.kind.get(one) in ("plain", "frame", "array")}
        self.change(plain, stored | inner)
        self.change(receiver - plain, stored | inner, deep=True)

    def _keywords(self, called: Called, receiver: Some, first: Some, slots: list[Some]) -> None:
        for name, slot, off in called.keywords:
            if name in ("inplace", "in_place") and not off:
                self.change(self._changeable(receiver or first))
            elif name in ("out", "ax", "axes", "fig"):
                self.change(self._changeable(slots[slot]))

    def _draw(self, draws: tuple[str, ...], called: Called) -> None:
        if any(name in ("random_state", "seed", "rng") and not off for name, _, off in called.keywords):
            return
        if any(name in ("random_state", "seed") and slot == 0 for name, slot, _ in called.keywords):
            return
        for generator in self.seeded if "*" in draws else draws:
            if generator in self.seeded:
                self.needs.add(self.seeded[generator])
                self.seeded[generator] = self.position

    def _result(self, effect: Effect, args: list[Some], given: Some, receiver: Some, dotted: str, method: str) -> Some:
        result = effect.result
        if result == "atom":
            return NOTHING
        if result == "fresh":
            root = dotted.partition(".")[0]
            frame = root in ("pandas", "polars") or (not dotted and bool(receiver) and {self.kind.get(o) for o in receiver} <= {"frame"})
            # `d.copy()` of a container, `df.pipe(f)`: what was held is held on.
            held: set[int] = set()
            for one in receiver if method in KEEPING else ():
                if self.kind.get(one) not in ("frame", "array"):
                    held |= self.holds.get(one, set())
            if not dotted and given and not frame and not self.trusting:
                held |= {one for one in given if one in self.code or self.kind.get(one) == "random"}
            return frozenset({self.new("frame" if frame else "separate", held)})
        if result == "part":
            return frozenset(self.part(receiver | given) | receiver | given) | (frozenset({self.new()}) if dotted else NOTHING)
        if result == "gather":
            elements = frozenset().union(*(self.iterate(arg) for arg in args)) if args else NOTHING
            return frozenset({self.new("plain", elements | (given - frozenset().union(*args) if args else given))})
        if result == "stream":
            elements = frozenset().union(*(self.part(arg) for arg in args)) if args else NOTHING
            return frozenset({self.new("stream", elements | given)})
        if result in ("holds", "figure", "random"):
            root = dotted.partition(".")[0]
            kind = {"figure": "figure", "random": "random"}.get(result, "frame" if root in ("pandas", "polars") else "")
            return frozenset({self.new(kind, given if result != "figure" else ())})
        if result == "receiver":
            return receiver or given
        return frozenset({self.new("", given | receiver)}) | receiver | given

    def _given_functions(self, handed: Some, others: Some) -> Some:
        """Functions that are handed over may be called, with what else is handed over."""
        if not self.code or not handed:
            return NOTHING
        codes = frozenset(one for one in self.reach(handed) if one in self.code and one not in self.dotted)
        return self._calls(codes, None, others) if codes else NOTHING

    def _calls(self, functions: Iterable[int], args: list[Some] | None, others: Some) -> Some:
        """Functions may be called with these. Each is played once in a cell; after that it may change all it gets at."""
        found: set[int] = set()
        loose = self._changeable(others)
        given = frozenset(loose.union(*(self.holds.get(one, ()) for one in loose)))
        for one in functions:
            code = self.code.get(one)
            if code is None:
                continue
            if one in self._guessed:
                found |= given
                if not code.quiet and not self.trusting:
                    kept = self._changeable(union(self.own.get(name, NOTHING) for name in code.names))
                    self.change(loose | kept, deep=True)
                    self.change(kept, loose)
                continue
            self._guessed.add(one)
            local = dict.fromkeys((*code.params, *code.rest), given)
            if args is not None:
                for name, arg in zip(code.params, args, strict=False):
                    local[name] = arg
            found |= self.invoke(one, local)
        return frozenset(found)

    def _fill(self, function: int, args: list[Some], called: Called, slots: list[Some], given: Some) -> dict[str, Some]:
        """A function's parameters, filled as the call fills them."""
        code = self.code[function]
        if called.starred:
            whole = frozenset(self.part(given) | given | frozenset().union(*args[:1] if args else []))
            return dict.fromkeys((*code.params, *code.rest), whole)
        defaults = frozenset(self.holds.get(function, NOTHING))
        local = dict.fromkeys(code.params, defaults)
        rest: set[int] = set()
        for at, arg in enumerate(args):
            if at < len(code.params):
                local[code.params[at]] = arg
            else:
                rest |= arg
        for name, slot, _ in called.keywords:
            if name in local:
                local[name] = slots[slot]
            else:
                rest |= slots[slot]
        for name in code.rest:
            local[name] = frozenset({self.new("plain", rest)})
        return local

    def _construct(self, owner: int, args: list[Some], called: Called, slots: list[Some], given: Some) -> Some:
        one = self.new()
        self.class_of[one] = {owner}
        itself = frozenset({one})
        starts = frozenset().union(*(self._lookup(owner, name) for name in ("__init__", "__new__", "__post_init__")))
        codes = [method for method in starts if method in self.code]
        if not any(self.code[method].name == "__init__" for method in codes) and given - itself:
            self.holds[one] = set(given)
        for method in codes:
            self.invoke(method, self._fill(method, [itself, *args], called, slots, given))
        return itself
