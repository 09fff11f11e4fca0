"""``data prepare --tokenizer``: the ids of the two texts at once, however the texts are cut."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from preparations import COMMAND, IN_MEMORY, kept_lines, noted, prepare, write

from nanogpt_rs.preparing import preparation, shards, two_stages
from nanogpt_rs.preparing.parts import PreparationError, RequestError
from nanogpt_rs.preparing.token_files import file_of, read_ranks
from nanogpt_rs.preparing.tokenizers import PATTERNS, Tokenizer, find_tokenizer
from nanogpt_rs.ruler.tasks import bpe_oracles, bpe_public

Run = Callable[..., subprocess.CompletedProcess[str]]
SAMPLE = "the cat's hat; 1234 Grüße, мир! 世界。\n\n  It's 12:30\tHELLO World/\r\n"
TEXT = SAMPLE * 60
WORDS = [
    *("the", "cat", " ", "  ", "\n", "\r\n", "\t", "'s", "'", "12", "345", "7", "!", ";", "/"),
    *("é", "e\u0301", "世界", "。", "мир", "HELLO", "Wo", "🙂", "\u00a0", "ǅ", "\x00"),
]
texts = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)


@cache
def ranks() -> Mapping[bytes, int]:
    """Return tokens of which some go across the borders of pieces, so that a wrong split shows."""
    merges = bpe_oracles.merges_of_pieces([SAMPLE * 3, "".join(WORDS) * 2], 400)
    return bpe_oracles.ranks_of(merges)


def tokenizer_of(pattern: str) -> Tokenizer:
    return Tokenizer("own.tiktoken", pattern, data=file_of(ranks()))


def naive(
    text: str, ranks: Mapping[bytes, int], pattern: str, width: int = 2
) -> tuple[bytes, bytes]:
    """Return the bytes of both shards, by the plain oracle."""
    border = len(text) * 9 // 10
    train, val = (
        bpe_oracles.ids_of_text(part, ranks, PATTERNS[pattern])
        for part in (text[:border], text[border:])
    )
    return (
        b"".join(id.to_bytes(width, "little") for id in train),
        b"".join(id.to_bytes(width, "little") for id in val),
    )


def made(folder: Path) -> tuple[bytes, bytes]:
    """Return both shards of a folder, which must match its manifest and hold nothing else."""
    assert list(shards.faults(folder, hashes=True)) == []
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names == {shards.TRAIN, shards.VAL, shards.VOCABULARY, shards.MANIFEST}
    return (folder / shards.TRAIN).read_bytes(), (folder / shards.VAL).read_bytes()


@given(
    st.lists(texts, min_size=1, max_size=4),
    st.integers(1, 60),
    st.integers(1, 3),
    st.sampled_from([*PATTERNS]),
)
def test_the_ids_are_those_of_both_texts_at_once_wherever_texts_are_cut(
    contents: list[str], part_bytes: int, threads: int, pattern: str
) -> None:
    text = "".join(contents) + "."
    with TemporaryDirectory(dir=IN_MEMORY) as name:
        folder = Path(name)
        paths = write(folder, *contents, ".")
        outcome = prepare(
            paths,
            folder / "out",
            threads,
            tokenizer=tokenizer_of(pattern),
            part_bytes=part_bytes,
        )
        assert made(folder / "out") == naive(text, ranks(), pattern)
        assert outcome.manifest.characters == len(text)


@pytest.mark.parametrize("text", ["a" * 4_000, "7" * 4_000, "\n " * 2_000, "🙂" * 1_000, "'" * 999])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_that_cannot_be_cut_is_one_part(text: str, pattern: str, tmp_path: Path) -> None:
    paths = write(tmp_path, text[:1_000], text[1_000:])
    outcome = prepare(paths, tmp_path / "out", 2, tokenizer=tokenizer_of(pattern), part_bytes=100)
    assert outcome.parts == 1
    assert made(tmp_path / "out") == naive(text, ranks(), pattern)


def test_tokens_are_trained_on_the_training_text_alone(tmp_path: Path) -> None:
    paths = write(tmp_path, TEXT[:500], TEXT[500:])
    for number, part_bytes in enumerate((50, 10_000)):
        out = tmp_path / f"out{number}"
        prepare(paths, out, 2, tokenizer=find_tokenizer("bpe:300"), part_bytes=part_bytes)
        training = TEXT[: len(TEXT) * 9 // 10]
        expected = bpe_oracles.ranks_of(bpe_oracles.merges_of_text(training, 300))
        tokens = shards.read_manifest(out).tokenizer
        assert tokens is not None
        assert read_ranks((out / tokens.file).read_bytes()) == expected
        assert (tokens.tokens, tokens.trained_on) == (300, len(training.encode()))
        assert made(out) == naive(TEXT, expected, "gpt2")


def test_a_small_text_has_fewer_tokens_than_asked_for(tmp_path: Path) -> None:
    prepare(write(tmp_path, "ab ab ab"), tmp_path / "out", tokenizer=find_tokenizer("bpe:9999"))
    tokens = shards.read_manifest(tmp_path / "out").tokenizer
    assert tokens is not None
    assert tokens.name == "bpe:9999"
    assert 256 < tokens.tokens < 300


HERE = [name for name in ("r50k", "cl100k", "o200k") if not bpe_public.absent(f"{name}_base")]
"""Published vocabularies that are here: no package has r50k, and `make build` brings the others."""


@pytest.mark.parametrize("name", HERE)
def test_published_tokens_are_those_of_the_oracle(name: str, tmp_path: Path) -> None:
    tokenizer = find_tokenizer(name)
    prepare(write(tmp_path, TEXT), tmp_path / "out", 2, tokenizer=tokenizer, part_bytes=500)
    assert tokenizer is not None
    expected = naive(
        TEXT, bpe_public.ranks_of(f"{name}_base"), tokenizer.pattern, 2 if name == "r50k" else 4
    )
    assert made(tmp_path / "out") == expected


def test_a_published_vocabulary_that_is_absent_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No package has r50k's, so that folders without it hide whatever a user has set."""
    monkeypatch.setenv(bpe_public.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv(bpe_public.TIKTOKEN_VARIABLE, str(tmp_path))
    bpe_public.file_of.cache_clear()
    with pytest.raises(RequestError, match="the vocabulary r50k_base is not here") as refused:
        find_tokenizer("r50k")
    assert bpe_public.FOLDER_VARIABLE in (refused.value.hint or "")
    bpe_public.file_of.cache_clear()


def test_a_vocabulary_of_one_preparation_serves_another(nanogpt_rs: Run, tmp_path: Path) -> None:
    first, second = write(tmp_path, TEXT, TEXT[::-1])
    done = nanogpt_rs(
        "data", "prepare", str(first), f"--out={tmp_path / 'a'}", "--tokenizer=bpe:300"
    )
    assert done.returncode == 0, done.stderr
    file = tmp_path / "a" / shards.VOCABULARY
    arguments = ("data", "prepare", str(second), f"--tokenizer={file}", "--json")
    done = nanogpt_rs(*arguments, f"--out={tmp_path / 'b'}")
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)["manifest"]
    assert manifest["tokenizer"]["pattern"] == "gpt2"
    assert manifest["vocabulary"] == ""
    assert (tmp_path / "b" / shards.VOCABULARY).read_bytes() == file.read_bytes()
    done = nanogpt_rs(*arguments, f"--out={tmp_path / 'a'}", "--again")
    assert done.returncode == 2  # it would overwrite what it reads
    assert shards.VOCABULARY in done.stderr


def test_ids_beyond_16_bits_take_32(tmp_path: Path) -> None:
    large = {token: 70_000 + id for token, id in ranks().items()}
    tokenizer = Tokenizer("large", "cl100k", data=file_of(large))
    prepare(write(tmp_path, TEXT), tmp_path / "out", 2, tokenizer=tokenizer, part_bytes=300)
    assert made(tmp_path / "out") == naive(TEXT, large, "cl100k", 4)
    manifest = shards.read_manifest(tmp_path / "out")
    assert manifest.vocabulary_size == max(large.values()) + 1
    assert manifest.document()["dtype"] == "<u4"


def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Interrupt a preparation before it writes the manifest, and return the paths of its texts."""
    paths = write(tmp_path, TEXT)
    with monkeypatch.context() as patch:
        patch.setattr(two_stages, "see_names", lambda _: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            prepare(paths, tmp_path / "out", tokenizer=find_tokenizer("bpe:300"), part_bytes=100)
    assert not (tmp_path / "out" / shards.MANIFEST).exists()
    return paths


@pytest.mark.parametrize("lost", ["nothing", "ids", "a file", "tokens"])
def test_after_an_interruption_only_the_rest_is_done(
    lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = interrupted(tmp_path, monkeypatch)
    out = tmp_path / "out"
    part = next(iter(sorted(out.glob(f".{shards.TRAIN}.*.3"))))
    if lost == "ids":
        part.write_bytes(bytes(part.stat().st_size))
    elif lost == "a file":
        part.unlink()
    elif lost == "tokens":
        for path in (out / shards.VOCABULARY, *out.glob(f".{shards.VOCABULARY}.*")):
            path.unlink(missing_ok=True)
    outcome = prepare(paths, out, 2, tokenizer=find_tokenizer("bpe:300"), part_bytes=100)
    assert outcome.scanned == outcome.encoded == outcome.parts > 3
    training = TEXT[: len(TEXT) * 9 // 10]
    expected = bpe_oracles.ranks_of(bpe_oracles.merges_of_text(training, 300))
    assert made(out) == naive(TEXT, expected, "gpt2")


def test_a_killed_command_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT * 5)
    out = tmp_path / "out"
    command = [COMMAND, "data", "prepare", path, "--out", out, "--tokenizer=bpe:300", "--json"]
    command += ["--part-bytes=40", "--threads=1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and ("encoded", 2) not in noted(kept_lines(out)):
        pass
    process.kill()
    assert process.wait() == -9, "it was done before it was killed"
    done = subprocess.run(command, capture_output=True, check=True)
    document = json.loads(done.stdout)
    assert document["resumed"]["vocabulary"] == document["parts"]
    assert 2 < document["resumed"]["encoding"] < document["parts"]
    prepare([path], tmp_path / "whole", tokenizer=find_tokenizer("bpe:300"))
    assert made(out) == made(tmp_path / "whole")


def test_processes_of_dask_make_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="install the extra: pip install 'nanogpt-rs[dask]'")
    from nanogpt_rs.preparing import dask_engine

    paths = write(tmp_path, TEXT, TEXT)
    with dask_engine.dask(None, 1) as engine:
        preparation.prepare(
            [str(path) for path in paths],
            tmp_path / "out",
            engine,
            tokenizer=tokenizer_of("o200k"),
            part_bytes=700,
        )
    assert made(tmp_path / "out") == naive(TEXT + TEXT, ranks(), "o200k")


def test_other_tokens_in_the_folder_are_not_replaced(tmp_path: Path) -> None:
    paths = write(tmp_path, TEXT)
    out = tmp_path / "out"
    own = find_tokenizer("bpe:300")
    prepare(paths, out, tokenizer=own)
    assert prepare(paths, out, tokenizer=own).already
    for other in (None, find_tokenizer("bpe:301"), tokenizer_of("gpt2")):
        with pytest.raises(RequestError, match="by another tokenizer, bpe:300"):
            prepare(paths, out, tokenizer=other)
    prepare(paths, out, start_over=True)
    assert not (out / shards.VOCABULARY).exists()
    with pytest.raises(RequestError, match="by another tokenizer, characters"):
        prepare(paths, out, tokenizer=own)
    prepare(paths, out, tokenizer=own, start_over=True)
    made(out)


def test_a_journal_of_other_tokens_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = interrupted(tmp_path, monkeypatch)
    for other in (None, find_tokenizer("bpe:301")):
        with pytest.raises(RequestError, match="interrupted preparation of other tokens"):
            prepare(paths, tmp_path / "out", tokenizer=other, part_bytes=100)


def test_a_damaged_vocabulary_is_found(nanogpt_rs: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(write(tmp_path, TEXT), out, tokenizer=find_tokenizer("bpe:300"))
    file = out / shards.VOCABULARY
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    for arguments in (("data", "check", str(out)), ("model", "train", f"--shards={out}")):
        done = nanogpt_rs(*arguments)
        assert done.returncode == 1
        assert f"{file}: damaged: its SHA-256 is" in done.stderr
    file.unlink()
    assert f"{file}: missing" in nanogpt_rs("data", "check", str(out)).stderr


def test_a_text_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    paths = write(tmp_path, "good ", b"more \xff text")
    for size in (1, 3, 100):
        with pytest.raises(PreparationError, match="not UTF-8 at byte 5"):
            prepare(
                paths,
                tmp_path / "out",
                2,
                tokenizer=find_tokenizer("bpe:300"),
                part_bytes=size,
                start_over=True,
            )


GOOD = file_of({bytes([byte]): byte for byte in range(256)})


@pytest.mark.parametrize(
    ("name", "content", "pattern", "message", "hint"),
    [
        ("cl10k", None, None, "no tokenizer 'cl10k'", "did you mean cl100k"),
        ("own.tiktoken", None, None, "no such file of tokens", "there are: characters"),
        ("bpe:", None, None, "does not say how many tokens", "such as bpe:1024"),
        ("bpe:many", None, None, "does not say how many tokens", "such as bpe:1024"),
        ("bpe:255", None, None, "256 to 1,000,000 tokens", "try bpe:1024"),
        ("bpe:9999999", None, None, "256 to 1,000,000 tokens", "try bpe:1024"),
        ("characters", None, "gpt2", "--pattern gpt2 has no effect", "leave it out"),
        ("bpe:300", None, "gpt2", "--pattern gpt2 has no effect", "leave it out"),
        ("own.tiktoken", GOOD, "gpt3", "no pattern 'gpt3'", "gpt2, cl100k, o200k"),
        ("own.tiktoken", b"", None, "the byte 0x00 is no token", "each line of a .tiktoken"),
        ("own.tiktoken", GOOD + b"YWI=\n", None, "line 257 is not a token", "each line"),
        ("own.tiktoken", GOOD + b"YWI= 7\n", None, "same id", "each line"),
        ("own.tiktoken", GOOD + b"YWI= -7\n", None, "not between 0", "each line"),
        ("own.tiktoken", GOOD + b" 300\n", None, "has no byte", "each line"),
        ("own.tiktoken", b"\xff\xfe" * 99, None, "line 1 is not a token", "each line"),
        ("folder", b"", None, "folder", "each line"),
    ],
)
def test_what_is_no_tokenizer_is_refused(
    name: str,
    content: bytes | None,
    pattern: str | None,
    message: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content)
    with pytest.raises(RequestError, match=message) as refused:
        find_tokenizer(name, pattern)
    assert hint in (refused.value.hint or "")


def test_the_kernel_reads_what_python_writes(tmp_path: Path) -> None:
    """Each token of each length comes through Base64 in both directions."""
    tokens = {bytes([byte]): byte for byte in range(256)}
    tokens |= {bytes(range(start, start + 2 + start % 5)): 256 + start for start in range(250)}
    prepare(
        write(tmp_path, "".join(map(chr, range(256))) * 3),
        tmp_path / "out",
        tokenizer=Tokenizer("own", "gpt2", data=file_of(tokens)),
    )
    assert read_ranks((tmp_path / "out" / shards.VOCABULARY).read_bytes()) == tokens
    assert made(tmp_path / "out") == naive("".join(map(chr, range(256))) * 3, tokens, "gpt2")
