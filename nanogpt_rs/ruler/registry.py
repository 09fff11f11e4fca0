"""All implementations, one line each. Everything that runs or shows implementations reads this.

Append only, within a task: results of years are kept by (task, id). A retired idea keeps its line
and loses its ``default`` mark.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from nanogpt_rs.ruler.provenance import how_to_install
from nanogpt_rs.ruler.surroundings import DisturbedError
from nanogpt_rs.ruler.tasks import TASKS

MARKS = {
    "baseline": "the lecture's own Python; one per task, and the first ratio is taken against it",
    "strongest:ascii": "the fastest Python known here for texts whose widest character is ASCII, at "
    "the megabyte scale; one per task, and the second ratio is taken against it",
    "strongest:latin1": "the same for Latin-1",
    "strongest:ucs2": "the same for two bytes a character",
    "strongest:ucs4": "the same for four bytes a character",
    "default": "runs by default",
    "utf8": "takes Rust's &str: a lone surrogate is a UnicodeEncodeError, and CPython keeps the "
    "UTF-8 form it makes of non-ASCII text on the text object for ever",
    "parallel": "uses several threads: only wall-clock time can judge it",
    "limit": "a yardstick: the task's least memory traffic, done in one plain way and timed beside the "
    "contenders; its answer is not checked, and it has no rank",
    "foreign": "a third party's, added by ``nanogpt_rs.ruler.foreign``; no line here has this mark",
    "quadratic": "its time grows with the text times its distinct characters: not applicable to "
    "corpora of more than 10,000 distinct ones",
    "short_pieces": "its time grows with the square of the length of the pieces that a text is cut "
    "into: not applicable to corpora with a piece of more than 20,000 characters",
    "small_texts": "works through the whole text many hundreds of times: not applicable to corpora of "
    "more than 100,000 characters",
}
RESTRICTIONS = ("utf8", "quadratic", "short_pieces", "small_texts")
"""The marks that say which texts an idea cannot have. A copy of its code needs them too."""
CPU = {
    "avx2": "AVX2",
    "avx512": "AVX-512 with VBMI",
    "neon": "NEON",
}
"""Sets of instructions, by the name that follows ``cpu:`` in ``needs``, with their usual names."""


@dataclass(frozen=True)
class Origin:
    """The code that a third party's implementation comes from.

    Attributes:
        name: The name of a file or of a package.
        sha256: SHA-256 of its code; empty if the code is not here.
    """

    name: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}, SHA-256 {self.sha256}" if self.sha256 else self.name


@dataclass(frozen=True)
class Implementation:
    """One row of the registry: an idea for a task, and the name of its function.

    Attributes:
        task: The name of a task in ``nanogpt_rs.ruler.tasks``.
        id: ``language/idea``, or ``limit/`` and the yardstick's name.
        target: The function's name, as ``pkgutil.resolve_name`` takes it.
        marks: Words of ``MARKS``.
        needs: What it cannot run without: names of modules, and ``cpu:`` before the name of a set
            of instructions, as ``rust_impls.simd_paths`` spells it.
        origin: The code of a third party's implementation, ``None`` for ours.
        given: Names like ``target``, of functions that it is given before its own arguments. A
            Python idea that uses a Rust kernel is given it and does not import it, so that each
            measured package can be measured alone.
        builds: For a third party's compiled package, the folders of several builds of it that
            differ in their layout; each holds the package. Without any, what is installed is the
            one build.
    """

    task: str
    id: str
    target: str
    marks: frozenset[str]
    needs: tuple[str, ...]
    origin: Origin | None = None
    given: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()

    def resolve(self) -> Any:
        """Import the function and what it needs, and return the function.

        Raises:
            ImportError, AttributeError: this installation does not have it.
        """
        self.import_needs()
        return self.with_given(resolve_name(self.target))

    def import_needs(self) -> None:
        """Import the modules that it needs.

        A Rust function imports numpy when it first makes an array. Without this that import would
        be timed, while a Python module imports numpy before the clock starts.

        Raises:
            ImportError: a module is not installed.
        """
        for module in self.modules():
            importlib.import_module(module)

    def names(self) -> tuple[str, ...]:
        """Return the names of the function and of what it is given, as ``resolve_name`` takes them."""
        return (self.target, *self.given)

    def is_compiled(self) -> bool:
        """Return whether it calls compiled code, whose builds differ in their layout.

        That is this project's Rust module, or a third party's package with an extension module.
        Such packages are looked for on the path and not imported.
        """
        return self.calls_rust_module() or (
            self.origin is not None and any(map(has_extension, self.packages()))
        )

    def calls_rust_module(self) -> bool:
        """Return whether it calls this project's Rust module."""
        return any(name.startswith("rust_impls:") for name in self.names())

    def packages(self) -> list[str]:
        """Return the names of the packages that its function and what it is given are in."""
        return list(
            dict.fromkeys(name.partition(":")[0].partition(".")[0] for name in self.names())
        )

    def modules(self) -> list[str]:
        """Return the names of the modules that it needs."""
        return [need for need in self.needs if not need.startswith("cpu:")]

    def resolve_steps(self) -> Any:
        """Return the generator that does the same as the function and yields each step's name.

        Returns:
            ``None`` if the function's module has no such generator, ``steps``.

        Raises:
            ImportError, AttributeError: this installation does not have the implementation.
        """
        self.resolve()
        steps = getattr(resolve_name(self.target.partition(":")[0]), "steps", None)
        return None if steps is None or not callable(steps) else self.with_given(steps)

    def with_given(self, function: Any, resolve: Callable[[str], Any] = resolve_name) -> Any:
        """Return ``function`` with what the registry gives it, which ``resolve`` finds by name."""
        given = [resolve(name) for name in self.given]
        return partial(function, *given) if given else function

    def absent(self) -> str | None:
        """Return what this implementation lacks here, ``None`` if nothing, without importing it.

        Importing all implementations takes seconds, because some import torch.
        """
        for module in (*self.modules(), *(name.partition(":")[0] for name in self.names())):
            if not is_here(module):
                cure = how_to_install(module)
                how = f"; `{cure}` installs it" if cure else ""
                return f"needs {module}, which is not installed{how}"
        return None

    def unavailable(self) -> str | None:
        """Return the reason why this implementation cannot run here, ``None`` if it can."""
        if lacking := self.absent():
            return lacking
        try:
            self.resolve()
        except (ImportError, AttributeError) as error:
            return f"{self.target} cannot be resolved: {error}"
        return self.lacking_instructions()

    def lacking_instructions(self) -> str | None:
        """Return which instructions it needs that this processor lacks, ``None`` if none."""
        for need in self.needs:
            kind, _, instructions = need.rpartition(":")
            if kind == "cpu" and instructions not in simd_paths():
                return f"needs {CPU[instructions]}, which this processor lacks"
        return None


@cache
def has_extension(package: str) -> bool:
    """Return whether a package that can be imported here has a compiled module, or is one."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return False
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    inside = (path for folder in folders for path in folder.rglob("*"))  # thousands, in some
    suffixes = tuple(EXTENSION_SUFFIXES)
    return str(spec.origin).endswith(suffixes) or any(
        path.name.endswith(suffixes) for path in inside
    )


def is_here(module: str) -> bool:
    """Return whether a module can be found, without importing it."""
    try:
        return bool(sys.modules.get(module)) or bool(importlib.util.find_spec(module))
    except ImportError:  # the package around the module is not there either
        return False


def simd_paths() -> list[str]:
    """Return the sets of instructions that the Rust module can use on this processor."""
    paths: list[str] = resolve_name("rust_impls:simd_paths")()["available"]
    return paths


def row(
    task: str,
    id: str,
    target: str,
    marks: str,
    needs: str = "",
    given: str = "",
    builds: str = "",
) -> Implementation:
    """Return one row of the registry. The last four arguments hold words between spaces.

    Args:
        task: The task's name.
        id: The row's id.
        target: The name of its function.
        marks: Words of ``MARKS``.
        needs: What it cannot run without.
        given: Names of functions that it is given.
        builds: For third parties: folders of builds of the row's package, or patterns of such
            folders, as seen from the file that the row stands in.
    """
    return Implementation(
        task,
        id,
        target,
        frozenset(marks.split()),
        tuple(needs.split()),
        given=tuple(given.split()),
        builds=tuple(builds.split()),
    )


# fmt: off
OWN_ROWS: tuple[Implementation, ...] = (
    row("charset", "python/set", "py_impls.charset.set:charset", "baseline default"),
    row("charset", "rust/std_hashset", "rust_impls:charset.std_hashset", "default utf8"),
    row("charset", "rust/ahash", "rust_impls:charset.ahash", "default utf8"),
    row("charset", "rust/rustc_hash", "rust_impls:charset.rustc_hash", "default utf8"),
    row("charset", "rust/foldhash", "rust_impls:charset.foldhash", "default utf8"),
    row("charset", "rust/char_hasher", "rust_impls:charset.char_hasher", "default utf8"),
    row("charset", "rust/fixed_array", "rust_impls:charset.fixed_array", "default utf8"),
    row("charset", "rust/smallvec", "rust_impls:charset.smallvec", "default utf8 quadratic"),
    row("charset", "rust/rayon", "rust_impls:charset.rayon", "default utf8 parallel"),
    row("charset", "python/dict_fromkeys", "py_impls.charset.dict_fromkeys:charset", "default"),
    row("charset", "python/counter", "py_impls.charset.counter:charset", "default"),
    row("charset", "python/encoded_bytes", "py_impls.charset.encoded_bytes:charset", ""),
    row("charset", "python/candidates_in_text", "py_impls.charset.candidates_in_text:charset", "default"),
    row("charset", "python/bytes_translate", "py_impls.charset.bytes_translate:charset", "default strongest:ascii strongest:latin1"),
    row("charset", "python/numpy_bincount", "py_impls.charset.numpy_bincount:charset", "default", "numpy"),
    row("charset", "python/numpy_unique", "py_impls.charset.numpy_unique:charset", "default", "numpy"),
    row("charset", "python/numpy_table", "py_impls.charset.numpy_table:charset", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("charset", "python/pandas_unique", "py_impls.charset.pandas_unique:charset", "", "numpy pandas"),
    row("charset", "python/torch_bincount", "py_impls.charset.torch_bincount:charset", "parallel", "numpy torch"),
    row("charset", "python/torch_unique", "py_impls.charset.torch_unique:charset", "parallel", "numpy torch"),
    row("charset", "python/torch_table", "py_impls.charset.torch_table:charset", "parallel", "numpy torch"),
    row("charset", "python/polars_unique", "py_impls.charset.polars_unique:charset", "parallel", "numpy polars"),
    row("charset", "rust/bit_table", "rust_impls:charset.bit_table", "default"),
    row("charset", "rust/bit_table_scalar", "rust_impls:charset.bit_table_scalar", ""),
    row("charset", "rust/bit_table_avx2", "rust_impls:charset.bit_table_avx2", "", "cpu:avx2"),
    row("charset", "rust/bit_table_avx512", "rust_impls:charset.bit_table_avx512", "", "cpu:avx512"),
    row("charset", "rust/bit_table_neon", "rust_impls:charset.bit_table_neon", "", "cpu:neon"),
    row("charset", "rust/bit_table_rayon", "rust_impls:charset.bit_table_rayon", "parallel"),
    row("encode", "python/list_comprehension", "py_impls.encode.list_comprehension:encode", "baseline default"),
    row("encode", "rust/std_hashset", "rust_impls:encode.std_hashset", "default utf8"),
    row("encode", "rust/ahash", "rust_impls:encode.ahash", "default utf8"),
    row("encode", "rust/rustc_hash", "rust_impls:encode.rustc_hash", "default utf8"),
    row("encode", "rust/foldhash", "rust_impls:encode.foldhash", "default utf8"),
    row("encode", "rust/char_hasher", "rust_impls:encode.char_hasher", "default utf8"),
    row("encode", "rust/fixed_array", "rust_impls:encode.fixed_array", "default utf8"),
    row("encode", "rust/smallvec", "rust_impls:encode.smallvec", "default utf8"),
    row("encode", "rust/rayon", "rust_impls:encode.rayon", "default utf8 parallel"),
    row("encode", "python/map_getitem", "py_impls.encode.map_getitem:encode", "default"),
    row("encode", "python/itemgetter", "py_impls.encode.itemgetter:encode", ""),
    row("encode", "python/str_translate", "py_impls.encode.str_translate:encode", "default"),
    row("encode", "python/bytes_translate", "py_impls.encode.bytes_translate:encode", "default strongest:ascii strongest:latin1"),
    row("encode", "python/charmap_encode", "py_impls.encode.charmap_encode:encode", ""),
    row("encode", "python/array", "py_impls.encode.array:encode", ""),
    row("encode", "python/numpy_table", "py_impls.encode.numpy_table:encode", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("encode", "python/pandas_categorical", "py_impls.encode.pandas_categorical:encode", "", "numpy pandas"),
    row("encode", "python/pandas_factorize", "py_impls.encode.pandas_factorize:encode", "", "numpy pandas"),
    row("encode", "python/torch_table", "py_impls.encode.torch_table:encode", "", "numpy torch"),
    row("encode", "python/polars_gather", "py_impls.encode.polars_gather:encode", "", "numpy polars"),
    row("encode", "python/tokenizers_bpe", "py_impls.encode.tokenizers_bpe:encode", "", "tokenizers"),
    row("encode", "rust/id_table", "rust_impls:encode.id_table", "default"),
    row("encode_array", "python/list_comprehension", "py_impls.encode_array.list_comprehension:encode_array", "baseline default", "numpy"),
    row("encode_array", "rust/std_hashset", "rust_impls:encode_array.std_hashset", "default utf8", "numpy"),
    row("encode_array", "rust/ahash", "rust_impls:encode_array.ahash", "default utf8", "numpy"),
    row("encode_array", "rust/rustc_hash", "rust_impls:encode_array.rustc_hash", "default utf8", "numpy"),
    row("encode_array", "rust/foldhash", "rust_impls:encode_array.foldhash", "default utf8", "numpy"),
    row("encode_array", "rust/char_hasher", "rust_impls:encode_array.char_hasher", "default utf8", "numpy"),
    row("encode_array", "rust/fixed_array", "rust_impls:encode_array.fixed_array", "default utf8", "numpy"),
    row("encode_array", "rust/smallvec", "rust_impls:encode_array.smallvec", "default utf8", "numpy"),
    row("encode_array", "rust/rayon", "rust_impls:encode_array.rayon", "default utf8 parallel", "numpy"),
    row("encode_array", "python/bytes_translate", "py_impls.encode_array.bytes_translate:encode_array", "default strongest:ascii strongest:latin1", "numpy"),
    row("encode_array", "python/str_translate", "py_impls.encode_array.str_translate:encode_array", "default", "numpy"),
    row("encode_array", "python/numpy_table", "py_impls.encode_array.numpy_table:encode_array", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("encode_array", "python/numpy_searchsorted", "py_impls.encode_array.numpy_searchsorted:encode_array", "", "numpy"),
    row("encode_array", "python/array", "py_impls.encode_array.array:encode_array", "", "numpy"),
    row("encode_array", "python/map_getitem", "py_impls.encode_array.map_getitem:encode_array", "default", "numpy"),
    row("encode_array", "python/pandas_categorical", "py_impls.encode_array.pandas_categorical:encode_array", "", "numpy pandas"),
    row("encode_array", "python/pandas_factorize", "py_impls.encode_array.pandas_factorize:encode_array", "", "numpy pandas"),
    row("encode_array", "python/torch_table", "py_impls.encode_array.torch_table:encode_array", "", "numpy torch"),
    row("count", "python/counter", "py_impls.count.counter:count", "baseline default"),
    row("count", "python/numpy_bincount", "py_impls.count.numpy_bincount:count", "default strongest:ucs4", "numpy"),
    row("count", "python/numpy_blocks", "py_impls.count.numpy_blocks:count", "default strongest:ucs2", "numpy"),
    row("count", "python/numpy_unique", "py_impls.count.numpy_unique:count", "default", "numpy"),
    row("count", "python/numpy_pairs", "py_impls.count.numpy_pairs:count", "default strongest:ascii strongest:latin1", "numpy"),
    row("count", "python/str_count", "py_impls.count.str_count:count", "default quadratic", "numpy"),
    row("count", "python/torch_bincount", "py_impls.count.torch_bincount:count", "parallel", "numpy torch"),
    row("charset_encode", "python/list_comprehension", "py_impls.charset_encode.list_comprehension:charset_encode", "baseline default", "numpy"),
    row("charset_encode", "python/bytes_translate", "py_impls.charset_encode.bytes_translate:charset_encode", "default strongest:ascii strongest:latin1", "numpy"),
    row("charset_encode", "python/numpy_table", "py_impls.charset_encode.numpy_table:charset_encode", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("charset_encode", "python/numpy_unique", "py_impls.charset_encode.numpy_unique:charset_encode", "", "numpy"),
    row("decode_list", "python/list_comprehension", "py_impls.decode_list.list_comprehension:decode_list", "baseline default"),
    row("decode_list", "python/map_getitem", "py_impls.decode_list.map_getitem:decode_list", "default"),
    row("decode_list", "python/bytes_translate", "py_impls.decode_list.bytes_translate:decode_list", "default strongest:ascii strongest:latin1"),
    row("decode_list", "python/charmap_decode", "py_impls.decode_list.charmap_decode:decode_list", "default strongest:ucs2 strongest:ucs4"),
    row("decode_list", "python/array", "py_impls.decode_list.array:decode_list", "", "numpy"),
    row("decode_array", "python/list_comprehension", "py_impls.decode_array.list_comprehension:decode_array", "baseline default", "numpy"),
    row("decode_array", "python/bytes_translate", "py_impls.decode_array.bytes_translate:decode_array", "default strongest:ascii strongest:latin1", "numpy"),
    row("decode_array", "python/charmap_decode", "py_impls.decode_array.charmap_decode:decode_array", "default", "numpy"),
    row("decode_array", "python/numpy_table", "py_impls.decode_array.numpy_table:decode_array", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("decode_array", "python/numpy_str", "py_impls.decode_array.numpy_str:decode_array", "", "numpy"),
    row("count", "rust/rustc_hash", "rust_impls:count.rustc_hash", "default"),
    row("count", "rust/page_table", "rust_impls:count.page_table", "default"),
    row("count", "rust/pair_table", "rust_impls:count.pair_table", "default"),
    row("count", "rust/code_table", "rust_impls:count.code_table", "default"),
    row("charset_encode", "rust/rustc_hash", "rust_impls:charset_encode.rustc_hash", "default", "numpy"),
    row("charset_encode", "rust/bit_table", "rust_impls:charset_encode.bit_table", "default", "numpy"),
    row("decode_list", "rust/fixed_array", "rust_impls:decode_list.fixed_array", "default"),
    row("decode_list", "rust/small_ints", "rust_impls:decode_list.small_ints", "default"),
    row("decode_array", "rust/fixed_array", "rust_impls:decode_array.fixed_array", "default", "numpy"),
    row("decode_array", "rust/register_table", "rust_impls:decode_array.register_table", "default", "numpy"),
    row("charset", "limit/read", "rust_impls:limit.read", "limit"),
    row("encode", "limit/list", "py_impls.limit.list:limit", "limit"),
    row("charset", "limit/set", "py_impls.limit.set:limit", "limit"),
    row("encode_array", "limit/memset", "rust_impls:limit.memset_uint16", "limit", "numpy"),
    row("encode_array", "limit/convert", "rust_impls:limit.convert_uint16", "limit", "numpy"),
    row("count", "limit/read", "rust_impls:limit.read", "limit"),
    row("charset_encode", "limit/read", "rust_impls:limit.read", "limit"),
    row("charset_encode", "limit/memset", "rust_impls:limit.memset", "limit", "numpy"),
    row("charset_encode", "limit/convert", "rust_impls:limit.convert", "limit", "numpy"),
    row("decode_list", "limit/read", "rust_impls:limit.read_list", "limit"),
    row("decode_list", "limit/memset", "rust_impls:limit.memset_str", "limit"),
    row("decode_array", "limit/read", "rust_impls:limit.read_array", "limit", "numpy"),
    row("decode_array", "limit/memset", "rust_impls:limit.memset_str", "limit", "numpy"),
    row("encode_array", "rust/id_table", "rust_impls:encode_array.id_table", "default", "numpy"),
    row("encode_array", "rust/id_table_scalar", "rust_impls:encode_array.id_table_scalar", "", "numpy"),
    row("encode_array", "rust/id_table_avx2", "rust_impls:encode_array.id_table_avx2", "", "numpy cpu:avx2"),
    row("encode_array", "rust/id_table_avx512", "rust_impls:encode_array.id_table_avx512", "", "numpy cpu:avx512"),
    row("encode_array", "rust/id_table_neon", "rust_impls:encode_array.id_table_neon", "", "numpy cpu:neon"),
    row("encode_array", "rust/id_table_rayon", "rust_impls:encode_array.id_table_rayon", "parallel", "numpy"),
    row("encode_uint8", "python/list_comprehension", "py_impls.encode_uint8.list_comprehension:encode_uint8", "baseline default", "numpy"),
    row("encode_uint8", "python/bytes_translate", "py_impls.encode_uint8.bytes_translate:encode_uint8", "default strongest:ascii strongest:latin1", "numpy"),
    row("encode_uint8", "python/numpy_table", "py_impls.encode_uint8.numpy_table:encode_uint8", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("encode_uint8", "python/map_getitem", "py_impls.encode_uint8.map_getitem:encode_uint8", "default", "numpy"),
    row("encode_uint8", "rust/id_table", "rust_impls:encode_uint8.id_table", "default", "numpy"),
    row("encode_uint8", "rust/id_table_scalar", "rust_impls:encode_uint8.id_table_scalar", "", "numpy"),
    row("encode_uint8", "rust/id_table_avx2", "rust_impls:encode_uint8.id_table_avx2", "", "numpy cpu:avx2"),
    row("encode_uint8", "rust/id_table_avx512", "rust_impls:encode_uint8.id_table_avx512", "", "numpy cpu:avx512"),
    row("encode_uint8", "rust/id_table_neon", "rust_impls:encode_uint8.id_table_neon", "", "numpy cpu:neon"),
    row("encode_uint8", "rust/id_table_rayon", "rust_impls:encode_uint8.id_table_rayon", "parallel", "numpy"),
    row("encode_int64", "python/list_comprehension", "py_impls.encode_int64.list_comprehension:encode_int64", "baseline default", "numpy"),
    row("encode_int64", "python/bytes_translate", "py_impls.encode_int64.bytes_translate:encode_int64", "default strongest:ascii strongest:latin1", "numpy"),
    row("encode_int64", "python/numpy_table", "py_impls.encode_int64.numpy_table:encode_int64", "default strongest:ucs2 strongest:ucs4", "numpy"),
    row("encode_int64", "python/map_getitem", "py_impls.encode_int64.map_getitem:encode_int64", "default", "numpy"),
    row("encode_int64", "rust/id_table", "rust_impls:encode_int64.id_table", "default", "numpy"),
    row("encode_int64", "rust/id_table_scalar", "rust_impls:encode_int64.id_table_scalar", "", "numpy"),
    row("encode_int64", "rust/id_table_avx2", "rust_impls:encode_int64.id_table_avx2", "", "numpy cpu:avx2"),
    row("encode_int64", "rust/id_table_avx512", "rust_impls:encode_int64.id_table_avx512", "", "numpy cpu:avx512"),
    row("encode_int64", "rust/id_table_neon", "rust_impls:encode_int64.id_table_neon", "", "numpy cpu:neon"),
    row("encode_int64", "rust/id_table_rayon", "rust_impls:encode_int64.id_table_rayon", "parallel", "numpy"),
    row("encode_uint8", "limit/memcpy", "rust_impls:limit.memcpy", "limit", "numpy"),
    row("encode_uint8", "limit/memset", "rust_impls:limit.memset_uint8", "limit", "numpy"),
    row("encode_uint8", "limit/convert", "rust_impls:limit.convert_uint8", "limit", "numpy"),
    row("encode_int64", "limit/memset", "rust_impls:limit.memset_int64", "limit", "numpy"),
    row("encode_int64", "limit/convert", "rust_impls:limit.convert_int64", "limit", "numpy"),
    row("prepare", "python/list_comprehension", "py_impls.prepare.list_comprehension:prepare", "baseline default", "torch"),
    row("prepare", "python/bytes_translate", "py_impls.prepare.bytes_translate:prepare", "default strongest:ascii strongest:latin1", "numpy torch"),
    row("prepare", "python/numpy_table", "py_impls.prepare.numpy_table:prepare", "default strongest:ucs2 strongest:ucs4", "numpy torch"),
    row("prepare", "python/file_blocks", "py_impls.prepare.file_blocks:prepare", "default", "numpy torch"),
    row("prepare", "rust/charset_encode", "py_impls.prepare.charset_encode:prepare", "default", "numpy torch", "rust_impls:charset_encode.bit_table"),
    row("prepare", "rust/rustc_hash", "py_impls.prepare.from_numpy:prepare", "default", "numpy torch", "rust_impls:prepare.rustc_hash"),
    row("prepare", "rust/two_passes", "py_impls.prepare.from_numpy:prepare", "default", "numpy torch", "rust_impls:prepare.two_passes"),
    row("prepare", "limit/read_and_touch", "rust_impls:limit.read_and_touch", "limit", "numpy"),
    row("prepare", "limit/decode_files", "rust_impls:limit.decode_files", "limit"),
    row("shards", "python/list_comprehension", "py_impls.shards.list_comprehension:shards", "baseline default", "numpy"),
    row("shards", "python/file_blocks", "py_impls.shards.file_blocks:shards", "default strongest:ascii strongest:latin1 strongest:ucs2 strongest:ucs4", "numpy"),
    row("shards", "rust/two_passes", "rust_impls:shards.two_passes", "default"),
    row("file_charset", "python/set", "py_impls.file_charset.set:file_charset", "baseline default"),
    row("file_charset", "python/block_sets", "py_impls.file_charset.block_sets:file_charset", "default"),
    row("file_charset", "python/file_blocks", "py_impls.file_charset.file_blocks:file_charset", "default strongest:ascii strongest:latin1 strongest:ucs2 strongest:ucs4", "numpy"),
    row("file_charset", "rust/bit_table", "py_impls.file_charset.bit_table:file_charset", "default", "", "rust_impls:charset.bit_table"),
    row("file_charset", "rust/asyncio", "py_impls.file_charset.asyncio:file_charset", "parallel", "", "rust_impls:charset.bit_table"),
    row("file_charset", "rust/read_loop", "rust_impls:file_charset.read_loop", "default"),
    row("file_charset", "rust/mmap", "rust_impls:file_charset.mmap", "default"),
    row("file_charset", "rust/rayon", "rust_impls:file_charset.rayon", "default parallel"),
    row("file_charset", "rust/tokio", "rust_impls:file_charset.tokio", "parallel"),
    row("file_charset", "limit/read_files", "rust_impls:limit.read_files", "limit"),
    row("file_charset", "limit/map_files", "rust_impls:limit.map_files", "limit"),
    row("file_charset", "limit/validate_files", "rust_impls:limit.validate_files", "limit"),
    row("file_charset", "limit/decode_files", "rust_impls:limit.decode_files", "limit"),
    row("shards", "rust/id_table", "py_impls.shards.id_table:shards", "default", "numpy", "rust_impls:charset.bit_table rust_impls:encode_array.id_table"),
    row("shards", "limit/read_files", "rust_impls:limit.read_files", "limit"),
    row("shards", "limit/decode_files", "rust_impls:limit.decode_files", "limit"),
    row("shards", "limit/copy_files", "rust_impls:limit.copy_files", "limit"),
    row("shards", "limit/read_and_write", "rust_impls:limit.read_and_write", "limit"),
    row("bpe_train", "python/pair_counts", "py_impls.bpe_train.pair_counts:bpe_train", "baseline default small_texts short_pieces"),
    row("bpe_train", "python/pair_index", "py_impls.bpe_train.pair_index:bpe_train", "default strongest:ascii strongest:latin1 strongest:ucs2 strongest:ucs4"),
    row("bpe_train", "rust/naive", "rust_impls:bpe_train.naive", "small_texts short_pieces"),
    row("bpe_train", "rust/pair_places", "rust_impls:bpe_train.pair_places", "default"),
    row("bpe_encode", "python/lowest_pair", "py_impls.bpe_encode.lowest_pair:bpe_encode", "baseline default short_pieces"),
    row("bpe_encode", "python/piece_dict", "py_impls.bpe_encode.piece_dict:bpe_encode", "default strongest:ascii"),
    row("bpe_encode", "python/piece_dict_regex", "py_impls.bpe_encode.piece_dict_regex:bpe_encode", "default strongest:latin1 strongest:ucs2 strongest:ucs4", "regex"),
    row("bpe_encode", "rust/naive", "rust_impls:bpe_encode.naive", "short_pieces"),
    row("bpe_encode", "rust/heap", "rust_impls:bpe_encode.heap", ""),
    row("bpe_encode", "rust/linked_list", "rust_impls:bpe_encode.linked_list", ""),
    row("bpe_encode", "rust/longest_match", "rust_impls:bpe_encode.longest_match", ""),
    row("bpe_encode", "rust/piece_cache", "rust_impls:bpe_encode.piece_cache", "default"),
    row("bpe_decode", "python/join", "py_impls.bpe_decode.join:bpe_decode", "baseline default"),
    row("bpe_decode", "rust/flat_bytes", "rust_impls:bpe_decode.flat_bytes", "default"),
    row("bpe_decode", "python/map_getitem", "py_impls.bpe_decode.map_getitem:bpe_decode", "default strongest:ascii strongest:latin1 strongest:ucs2 strongest:ucs4"),
    row("bpe_encode", "python/tiktoken", "py_impls.bpe_encode.tiktoken:bpe_encode", "", "tiktoken"),
    row("bpe_encode", "python/tokenizers", "py_impls.bpe_encode.tokenizers:bpe_encode", "", "tokenizers"),
    row("bpe_encode", "python/gigatoken", "py_impls.bpe_encode.gigatoken:bpe_encode", "", "gigatoken"),
    row("bpe_encode", "python/splintr", "py_impls.bpe_encode.splintr:bpe_encode", "", "splintr"),
    row("bpe_encode", "python/kitoken", "py_impls.bpe_encode.kitoken:bpe_encode", "", "kitoken"),
    row("bpe_encode", "python/fastokens", "py_impls.bpe_encode.fastokens:bpe_encode", "", "fastokens"),
    row("bpe_encode", "python/riptoken", "py_impls.bpe_encode.riptoken:bpe_encode", "short_pieces", "riptoken"),
    row("bpe_encode", "python/tokie", "py_impls.bpe_encode.tokie:bpe_encode", "parallel", "tokie"),
    row("bpe_encode", "python/bpe_openai", "py_impls.bpe_encode.bpe_openai:bpe_encode", "", "bpe_openai"),
    row("bpe_encode", "python/rs_bpe", "py_impls.bpe_encode.rs_bpe:bpe_encode", "", "rs_bpe"),
    row("bpe_encode", "python/quicktok", "py_impls.bpe_encode.quicktok:bpe_encode", "", "quicktok"),
    row("bpe_encode", "python/puretiktoken", "py_impls.bpe_encode.puretiktoken:bpe_encode", "short_pieces", "puretiktoken"),
    row("bpe_encode_array", "python/lowest_pair", "py_impls.bpe_encode_array.lowest_pair:bpe_encode_array", "baseline default short_pieces", "numpy"),
    row("bpe_encode_array", "python/piece_dict", "py_impls.bpe_encode_array.piece_dict:bpe_encode_array", "default strongest:ascii", "numpy"),
    row("bpe_encode_array", "python/piece_dict_regex", "py_impls.bpe_encode_array.piece_dict_regex:bpe_encode_array", "default strongest:latin1 strongest:ucs2 strongest:ucs4", "numpy regex"),
    row("bpe_encode_array", "python/tiktoken", "py_impls.bpe_encode_array.tiktoken:bpe_encode_array", "", "numpy tiktoken"),
    row("bpe_encode_array", "python/gigatoken", "py_impls.bpe_encode_array.gigatoken:bpe_encode_array", "", "numpy gigatoken"),
    row("bpe_encode_batch", "python/lowest_pair", "py_impls.bpe_encode_batch.lowest_pair:bpe_encode_batch", "baseline default short_pieces"),
    row("bpe_encode_batch", "python/piece_dict", "py_impls.bpe_encode_batch.piece_dict:bpe_encode_batch", "default strongest:ascii"),
    row("bpe_encode_batch", "python/piece_dict_regex", "py_impls.bpe_encode_batch.piece_dict_regex:bpe_encode_batch", "default strongest:latin1 strongest:ucs2 strongest:ucs4", "regex"),
    row("bpe_encode_batch", "python/tiktoken", "py_impls.bpe_encode_batch.tiktoken:bpe_encode_batch", "", "tiktoken"),
    row("bpe_encode_batch", "python/tokenizers", "py_impls.bpe_encode_batch.tokenizers:bpe_encode_batch", "", "tokenizers"),
    row("bpe_encode_batch", "python/gigatoken", "py_impls.bpe_encode_batch.gigatoken:bpe_encode_batch", "", "gigatoken"),
    row("bpe_decode", "python/tiktoken", "py_impls.bpe_decode.tiktoken:bpe_decode", "", "tiktoken"),
    row("bpe_decode", "python/splintr", "py_impls.bpe_decode.splintr:bpe_decode", "", "splintr"),
    row("bpe_train", "python/rustbpe", "py_impls.bpe_train.rustbpe:bpe_train", "short_pieces", "rustbpe"),
    row("bpe_train", "python/bpeasy", "py_impls.bpe_train.bpeasy:bpe_train", "", "bpeasy"),
    row("bpe_encode_array", "rust/linked_list", "rust_impls:bpe_encode_array.linked_list", "", "numpy"),
    row("bpe_encode_array", "rust/piece_cache", "rust_impls:bpe_encode_array.piece_cache", "default", "numpy"),
    row("bpe_encode_batch", "rust/piece_cache", "rust_impls:bpe_encode_batch.piece_cache", "default"),
    row("bpe_encode_batch", "rust/rayon", "rust_impls:bpe_encode_batch.rayon", "parallel"),
    row("bpe_encode", "limit/split", "rust_impls:limit.split_pieces", "limit"),
    row("bpe_encode", "limit/look_up", "rust_impls:limit.look_up_pieces", "limit"),
    row("bpe_encode", "limit/list", "rust_impls:limit.list_of_ids", "limit"),
    row("bpe_encode_array", "limit/split", "rust_impls:limit.split_pieces", "limit", "numpy"),
    row("bpe_encode_array", "limit/look_up", "rust_impls:limit.look_up_pieces", "limit", "numpy"),
    row("bpe_encode_array", "limit/array", "rust_impls:limit.array_of_ids", "limit", "numpy"),
    row("bpe_encode_array", "python/splintr", "py_impls.bpe_encode_array.splintr:bpe_encode_array", "", "numpy splintr"),
    row("bpe_encode_array", "python/fastokens", "py_impls.bpe_encode_array.fastokens:bpe_encode_array", "", "numpy fastokens"),
    row("bpe_encode_batch", "python/kitoken", "py_impls.bpe_encode_batch.kitoken:bpe_encode_batch", "", "kitoken"),
    row("bpe_decode", "python/kitoken", "py_impls.bpe_decode.kitoken:bpe_decode", "", "kitoken"),
    row("bpe_train", "python/gigatoken", "py_impls.bpe_train.gigatoken:bpe_train", "parallel", "gigatoken"),
)
"""The rows of each task that has implementations of its own."""
# fmt: on
REGISTRY: tuple[Implementation, ...] = (
    *OWN_ROWS,
    *(
        replace(row, task=task.name)
        for task in TASKS.values()
        for row in OWN_ROWS
        if row.task == task.variant_of
    ),
)
"""The rows of all tasks. A variant of a task has the task's own."""


_added: list[Implementation] = []


withdrawn: dict[tuple[str, str], str] = {}
"""By task and id, the reason why a row must not be called in this worker process."""


def add(rows: Iterable[Implementation]) -> None:
    """Add rows of third parties in this process; ``nanogpt_rs.ruler.foreign`` has checked them."""
    _added.extend(rows)


def rows() -> tuple[Implementation, ...]:
    """Return all rows: ours, then those of third parties."""
    return (*REGISTRY, *_added)


def find(task: str, id: str) -> Implementation:
    """Return the row with this task and id.

    Raises:
        KeyError: there is no such row.
        DisturbedError: the code of this row was edited since the run began.
    """
    if (task, id) in withdrawn:
        raise DisturbedError(withdrawn[task, id])
    for implementation in rows():
        if (implementation.task, implementation.id) == (task, id):
            return implementation
    raise KeyError(f"no implementation {id!r} of task {task!r} is registered")
