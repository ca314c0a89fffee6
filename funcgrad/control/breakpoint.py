"""`debug.breakpoint`: a prompt in the user's frames, with the values that a program has when it gets there."""

from __future__ import annotations

import bdb
import cmd
import linecache
import pprint
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, TextIO

from funcgrad.control.callback import Callback
from funcgrad.control.debugging import call_at_run_time
from funcgrad.control.message import shown_value
from funcgrad.core.local_array import plain
from funcgrad.core.source import is_hidden
from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import PyTreeDef, tree_flatten


def debug_breakpoint(
    *,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    num_frames: int | None = None,
    ordered: bool = False,
) -> None:
    """Stop when the program gets here, with a prompt in the frames of your code that shows values.

    Python's `breakpoint` stops while the function is traced. This one stops when it runs: under `jit`, in each step
    of a loop, for each example of `vmap`, in a derivative rule in the backward pass. At the prompt any
    expression of the function's variables is evaluated; `help` lists the commands (`p`, `locals`, `list`, `where`,
    `up`, `down`, `continue`, `quit`).

    Where nobody can type (standard input is no terminal) it prints the place and the variables, and goes on.

    Args:
        stdin: where commands are read from, a file or `io.StringIO`; the terminal by default.
        stdout: where output goes; standard output by default.
        num_frames: how many frames can be inspected, the innermost first; all by default.
        ordered: accepted for JAX's sake; stops keep their order.

    Raises:
        bdb.BdbQuit: after the command `quit`.

    >>> import io, numpy as np, funcgrad as fg
    >>> @fg.jit
    ... def f(x):
    ...     y = np.sin(x)
    ...     fg.debug.breakpoint(stdin=io.StringIO("y + 1\\nc\\n"), num_frames=1)
    ...     return y
    >>> print("stopped:", f(0.0))  # doctest: +ELLIPSIS
    stopped at ...
    (fgdb) 1.0
    (fgdb) stopped: 0.0
    """
    operands: list[Any] = []
    frames: list[_Frame] = []
    frame: Any = sys._getframe(1)
    while frame is not None and (num_frames is None or len(frames) < num_frames):
        if not is_hidden(frame.f_code.co_filename):
            frames.append(_freeze(frame, operands))
        frame = frame.f_back
    stop = _Stop(frames, stdin, stdout)
    call_at_run_time(
        Callback(stop, tree_flatten((tuple(operands), {}))[1], None), operands, ordered
    )


class _Variable(NamedTuple):
    """A variable of a frame: its leaves, where numbers in `operands` say which of them have run-time values."""

    tree: PyTreeDef
    leaves: list[Any]
    operands: dict[int, int]

    def value(self, values: Sequence[Any]) -> Any:
        leaves = [
            values[self.operands[i]] if i in self.operands else leaf
            for i, leaf in enumerate(self.leaves)
        ]
        return self.tree.unflatten(leaves)


class _Frame(NamedTuple):
    file: str
    line: int
    function: str
    names: dict[str, Any]  # globals
    variables: dict[str, _Variable | Any]

    def scope(self, values: Sequence[Any]) -> dict[str, Any]:
        return {
            name: v.value(values) if type(v) is _Variable else v
            for name, v in self.variables.items()
        }

    def traced(self) -> list[str]:
        return [n for n, v in self.variables.items() if type(v) is _Variable and v.operands]


def _freeze(frame: Any, operands: list[Any]) -> _Frame:
    """What a frame looks like now; its traced values join `operands`."""
    variables: dict[str, Any] = {}
    if frame.f_locals is not frame.f_globals:
        for name, value in list(frame.f_locals.items()):
            variables[name] = _freeze_variable(value, operands)
    code = frame.f_code
    return _Frame(code.co_filename, frame.f_lineno, code.co_qualname, frame.f_globals, variables)


def _freeze_variable(value: Any, operands: list[Any]) -> Any:
    try:
        leaves, tree = tree_flatten(value)
    except Exception:  # a variable that is no pytree is shown as it is
        return value
    leaves = [plain(leaf) for leaf in leaves]
    places = {}
    for i, leaf in enumerate(leaves):
        if type(leaf) is Tracer and leaf._trace.open:
            places[i] = len(operands)
            operands.append(leaf)
    return _Variable(tree, leaves, places)


class _Stop:
    """The callback: what is known of the frames while tracing, completed by the values of the run."""

    def __init__(self, frames: list[_Frame], stdin: TextIO | None, stdout: TextIO | None) -> None:
        self.frames = frames
        self.stdin = stdin
        self.stdout = stdout

    def __call__(self, *values: Any) -> None:
        prompt = Prompt(self.frames, values, self.stdin, self.stdout or sys.stdout)
        prompt.show_place("stopped at ")
        if self.stdin is None and not _someone_types():
            prompt.do_locals("")
            return
        prompt.cmdloop()
        if prompt.quitting:
            raise bdb.BdbQuit


def _someone_types() -> bool:
    """Whether a prompt would be answered: at a terminal, or in a notebook whose front end passes on what is typed."""
    if "ipykernel" in sys.modules:
        import builtins

        return getattr(builtins.input, "__self__", None) is not None
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # it is closed
        return False


class Prompt(cmd.Cmd):
    """The prompt of `debug.breakpoint`. Expressions are evaluated in the current frame."""

    prompt = "(fgdb) "

    def __init__(
        self, frames: list[_Frame], values: Sequence[Any], stdin: TextIO | None, stdout: TextIO
    ) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.frames = frames
        self.scopes = [frame.scope(values) for frame in frames]
        self.position = 0
        self.quitting = False

    def say(self, text: str) -> None:
        print(text, file=self.stdout, flush=True)

    @property
    def frame(self) -> _Frame:
        return self.frames[self.position]

    def show_place(self, prefix: str = "") -> None:
        frame = self.frame
        line = linecache.getline(frame.file, frame.line).strip()
        self.say(
            f"{prefix}{frame.file}:{frame.line} in {frame.function}"
            + (f"\n-> {line}" if line else "")
        )

    def evaluate(self, expression: str) -> tuple[bool, Any]:
        """Whether an expression has a value, and the value."""
        try:
            # As globals, so that functions and comprehensions within the expression see them.
            return True, eval(expression, {**self.frame.names, **self.scopes[self.position]})
        except Exception as error:
            self.say(f"*** {type(error).__name__}: {error}")
            return False, None

    def default(self, line: str) -> Any:
        if line == "EOF":
            return self.do_continue("")
        self.do_p(line)
        return None

    def emptyline(self) -> bool:
        return False

    def do_p(self, line: str) -> None:
        """p EXPRESSION: print a value. The expression alone does, too."""
        found, value = self.evaluate(line)
        if found and value is not None:
            self.say(str(value))

    def do_pp(self, line: str) -> None:
        """pp EXPRESSION: print a value over several lines."""
        found, value = self.evaluate(line)
        if found:
            self.say(pprint.pformat(value))

    def do_locals(self, line: str) -> None:
        """locals: the variables of the frame, in short; traced ones first."""
        scope, traced = self.scopes[self.position], self.frame.traced()
        for name in [*traced, *[n for n in scope if n not in traced]]:
            value = scope[name]
            self.say(f"  {name} = {_short(value)}")

    def do_list(self, line: str) -> None:
        """list: the code around the line."""
        frame = self.frame
        for number in range(max(1, frame.line - 5), frame.line + 6):
            text = linecache.getline(frame.file, number).rstrip()
            if text or number <= frame.line:
                self.say(f"{'->' if number == frame.line else '  '} {number:4d}  {text}")

    def do_where(self, line: str) -> None:
        """where: the frames, the outermost first."""
        for i in reversed(range(len(self.frames))):
            frame = self.frames[i]
            mark = ">" if i == self.position else " "
            self.say(f"{mark} {frame.file}:{frame.line} in {frame.function}")

    def do_up(self, line: str) -> None:
        """up: to the frame that called this one."""
        self._move(1)

    def do_down(self, line: str) -> None:
        """down: back towards the innermost frame."""
        self._move(-1)

    def _move(self, step: int) -> None:
        position = self.position + step
        if 0 <= position < len(self.frames):
            self.position = position
            self.show_place()
        else:
            self.say(f"*** no frame {'above' if step > 0 else 'below'}")

    def do_continue(self, line: str) -> bool:
        """continue: let the program run, to the next stop."""
        return True

    def do_quit(self, line: str) -> bool:
        """quit: end the program with bdb.BdbQuit."""
        self.quitting = True
        return True

    do_l, do_bt, do_w, do_u, do_d = do_list, do_where, do_where, do_up, do_down
    do_a, do_c, do_cont, do_q, do_exit = do_locals, do_continue, do_continue, do_quit, do_quit


def _short(value: Any) -> str:
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        shape = f"{value.dtype}{list(value.shape)} " if getattr(value, "shape", ()) else ""
        return shape + shown_value(value)
    text = " ".join(repr(value).split())
    return text if len(text) <= 100 else text[:97] + "..."
