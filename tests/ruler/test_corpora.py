"""Every corpus is the text that its id and hash name; none is replaced by another."""

from __future__ import annotations

import hashlib
import http.server
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nanogpt_rs.ruler import corpora, mixtures, prose, synthetic, texts
from nanogpt_rs.ruler.splitmix import splitmix64

WHOLE = b"To be, or not to be" * 1000
KNOWN = hashlib.sha256(WHOLE).hexdigest()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(corpora.CACHE_VARIABLE, str(folder))
    return folder


def test_synthetic_has_the_pair_counts_of_tinyshakespeare(tinyshakespeare: corpora.Corpus) -> None:
    text = corpora.load("synthetic").text
    assert len(text) == len(tinyshakespeare.text) == 1_115_394
    assert Counter(text) == Counter(tinyshakespeare.text)
    assert synthetic.pair_counts(text) == synthetic.pair_counts(tinyshakespeare.text)
    assert text != tinyshakespeare.text


def test_the_pair_table_is_that_of_tinyshakespeare(tinyshakespeare: corpora.Corpus) -> None:
    first, pairs = synthetic.read_pairs()
    assert first == tinyshakespeare.text[0]
    assert pairs == synthetic.pair_counts(tinyshakespeare.text)


def test_the_description_of_synthetic_calls_it_synthetic() -> None:
    corpus = corpora.load("synthetic")
    assert "synthetic" in corpus.id
    assert "synthetic" in corpus.description
    assert len(set(corpus.text)) == 65


def test_synthetic_is_generated_once_and_its_cache_is_checked(own_cache: Path) -> None:
    whole = corpora.load("synthetic")
    cached = own_cache / "synthetic.txt"
    cached.write_bytes(cached.read_bytes()[:-1])
    assert corpora.load("synthetic") == whole
    assert hashlib.sha256(cached.read_bytes()).hexdigest() == whole.sha256
    assert [path.name for path in own_cache.iterdir()] == ["synthetic.txt"]


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(corpora.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    assert len(corpora.load("synthetic").text) == 1_115_394
    assert "corpus synthetic is not cached" in capsys.readouterr().err


def test_another_text_under_a_golden_hash_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "SEED", 1)
    monkeypatch.setattr(synthetic.generate, "__defaults__", (1,))
    with pytest.raises(corpora.CorpusError, match=r"SHA-256 is .*, not 705800b8"):
        corpora.load("synthetic")


@given(st.text(st.sampled_from("abcd"), min_size=1), st.integers(0, 2**64 - 1))
def test_generate_keeps_every_pair(text: str, seed: int) -> None:
    made = synthetic.generate(text[0], synthetic.pair_counts(text), seed)
    assert made[0] == text[0]
    assert Counter(made) == Counter(text)
    assert synthetic.pair_counts(made) == synthetic.pair_counts(text)


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1),
        min_size=1,
    )
)
def test_generate_refuses_counts_that_no_text_has(pairs: dict[str, dict[str, int]]) -> None:
    try:
        made = synthetic.generate("a", pairs)
    except ValueError as error:
        assert str(error).startswith("no text has these pair counts")
    else:
        assert synthetic.pair_counts(made) == pairs


def test_splitmix64_is_the_published_one() -> None:
    random = splitmix64(1234567)
    assert [next(random) for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


SMALL = [
    id
    for id in corpora.CORPORA
    if not id.startswith("tinyshakespeare") and "-64m-" not in id and "-1g-" not in id
]


@pytest.mark.parametrize("id", [*SMALL, "english-64m-ascii", "emoji-64m-ucs4"])
def test_each_corpus_is_what_its_id_and_hash_say(
    id: str, monkeypatch: pytest.MonkeyPatch, shared_cache: Path
) -> None:
    monkeypatch.setenv(corpora.CACHE_VARIABLE, str(shared_cache))
    corpus = corpora.load(id)  # refused if its hash is another
    if "-" in id:
        _, size, width = id.rsplit("-", 2)
        assert corpus.width == width
        assert len(corpus.text) == (1_112_064 if "distinct" in id else corpora.SIZES[size])


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_every_corpus_has_its_hash_and_every_hash_its_corpus() -> None:
    assert list(corpora.golden_hashes()) == list(corpora.CORPORA)


@pytest.mark.parametrize("language", texts.ALPHABETS)
def test_tinyshakespeare_in_another_alphabet(
    language: str, tinyshakespeare: corpora.Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    respelt = corpora.load(f"tinyshakespeare-{language}")
    there = str.maketrans(dict(zip(tinyshakespeare.text, respelt.text, strict=True)))
    back = str.maketrans(dict(zip(respelt.text, tinyshakespeare.text, strict=True)))
    assert tinyshakespeare.text.translate(there) == respelt.text
    assert respelt.text.translate(back) == tinyshakespeare.text
    assert respelt.width == texts.ALPHABETS[language].width


@pytest.mark.parametrize("vocabulary", [1, 2, 65, 300])
def test_zipf_uses_its_whole_vocabulary(vocabulary: int) -> None:
    text = texts.zipf(vocabulary, 3000)
    counts = Counter(text).most_common()
    assert (len(text), len(counts)) == (3000, vocabulary)
    assert counts[0][1] >= 2 * counts[-1][1] or vocabulary < 3


def test_special_corpora() -> None:
    whole = corpora.load("synthetic").text
    tail, last = corpora.load("tail-1m-ucs2").text, corpora.load("last-1m-ascii").text
    assert tail[:-1] == last[:-1] == whole[:-1]
    assert tail[-1] not in whole
    assert last[-1] not in whole
    assert len(set(corpora.load("random-1m-latin1").text)) == 256
    emoji = [c for c in corpora.load("chat-1m-ucs4").text if not c.isascii()]
    assert len(emoji) == pytest.approx(len(whole) / 100, rel=0.05)


def test_mixtures_of_scripts_are_mixed() -> None:
    shares = {"markdown-1m-ucs4": 0.02, "source-1m-latin1": 0.025, "manual-1m-ucs2": 0.64}
    for id, share in shares.items():
        text = corpora.load(id).text
        wide = [at for at, character in enumerate(text) if not character.isascii()]
        assert len(wide) / len(text) == pytest.approx(share, rel=0.1)
        # No stretch of several kilobytes is of one kind.
        assert max(after - before for before, after in pairwise(wide)) < 2_000
    assert "\ufe0f" in corpora.load("markdown-1m-ucs4").text  # an emoji of two characters
    assert len(set(corpora.load("manual-1m-ucs2").text)) > mixtures.HAN


def test_new_words_keep_coming_in_texts_of_words() -> None:
    for id, make in {
        "english-words-1m-ascii": prose.english,
        "russian-words-1m-ucs2": prose.russian,
        "japanese-words-1m-ucs2": prose.japanese,
    }.items():
        text = corpora.load(id).text
        assert make(5_000) == text[:5_000]
        words = re.findall(r"\w+", text)
        seen = set(words[: len(words) // 2])
        new = sum(word not in seen for word in words[len(words) // 2 :]) / (len(words) // 2)
        assert 0.02 < new < (0.9 if id.startswith("japanese") else 0.1)


@given(st.integers(0, 5_000))
def test_unrepeated_words_are_not_repeated(length: int) -> None:
    text = prose.unrepeated(length)
    assert len(text) == length
    whole = [word for word in text.split() if len(word) == prose.LETTERS]
    assert len(set(whole)) == len(whole) == length // 9 + (length % 9 == 8)


@given(st.text(max_size=50))
def test_width_is_that_of_pep_393(text: str) -> None:
    fresh = text + "\0"  # a string of one character is a shared object with a size of its own
    sizes = {
        name: len(fresh) * unit
        for name, unit in (("ascii", 1), ("latin1", 1), ("ucs2", 2), ("ucs4", 4))
    }
    headers = {"ascii": sys.getsizeof("ab") - 2, "latin1": sys.getsizeof("é\0") - 2}
    header = headers["ascii" if texts.width(text) == "ascii" else "latin1"]
    assert (
        sys.getsizeof((fresh + "\0")[:-1])
        == header
        + sizes[texts.width(text)]
        + ({"ascii": 0, "latin1": 0, "ucs2": 1, "ucs4": 3}[texts.width(text)])
    )


def test_a_path_is_a_corpus_whose_name_has_no_folder(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("naïve\r\n", encoding="utf-8", newline="")
    corpus = corpora.load(str(tmp_path / "own.txt"))
    assert (corpus.id, corpus.text) == ("file:own.txt", "naïve\r\n")
    assert corpus.sha256 == hashlib.sha256("naïve\r\n".encode()).hexdigest()


def test_a_name_of_neither_a_corpus_nor_a_file_is_refused() -> None:
    with pytest.raises(corpora.UnknownCorpusError, match=r"'nowhere.txt': no such file") as raised:
        corpora.load("nowhere.txt")
    assert "list corpora" in str(raised.value.hint)
    with pytest.raises(corpora.UnknownCorpusError) as raised:
        corpora.load("sinthetic")
    assert "did you mean synthetic" in str(raised.value.hint)


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x.txt", "x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(corpora.CorpusError, match="corpus"):
        corpora.load(name)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(corpora.CorpusError, match="is a folder, not a file"):
        corpora.load(str(tmp_path))


def test_bytes_that_are_not_utf8_are_named_by_their_place(tmp_path: Path) -> None:
    (tmp_path / "latin1.txt").write_bytes(b"na\xefve")
    with pytest.raises(corpora.CorpusError, match="not UTF-8 at byte 2"):
        corpora.load(str(tmp_path / "latin1.txt"))


def test_tinyshakespeare_by_variable_must_be_tinyshakespeare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.txt").write_text("Another text")
    monkeypatch.setenv(corpora.TINYSHAKESPEARE_VARIABLE, str(tmp_path / "other.txt"))
    with pytest.raises(corpora.CorpusError, match=r"other.txt is another file: SHA-256"):
        corpora.load("tinyshakespeare")
    monkeypatch.setenv(corpora.TINYSHAKESPEARE_VARIABLE, str(tmp_path / "missing.txt"))
    with pytest.raises(corpora.CorpusError, match=r"missing.txt: No such file"):
        corpora.load("tinyshakespeare")


def test_own_copy_is_another_object_with_a_cache_of_its_own() -> None:
    for text in ("", "a", "abc", "naïve", "漢字", "😀"):
        copy = corpora.own_copy(text)
        assert copy == text
        assert len(text) < 2 or copy is not text


# Downloads, from a real server on this machine.


class Server:
    """Serves ``/whole``, ``/wrong`` and ``/truncated``, and counts the requests."""

    def __init__(self) -> None:
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                if self.path == "/missing":
                    self.send_error(404)
                    return
                body = b"Another text" if self.path == "/wrong" else WHOLE
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if self.path == "/truncated" else body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


def test_a_download_is_kept(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        assert corpora.download(f"{server.url}/whole", KNOWN, tmp_path / "kept.txt") == WHOLE
    assert server.requests == 1


@pytest.mark.parametrize("path", ["wrong", "truncated", "missing"])
def test_a_bad_download_is_refused_and_not_kept(server: Server, path: str, tmp_path: Path) -> None:
    cached = tmp_path / "cache" / "kept.txt"
    with pytest.raises(corpora.CorpusError, match="cannot be downloaded from"):
        corpora.download(f"{server.url}/{path}", KNOWN, cached)
    assert not cached.exists()
    assert corpora.download(f"{server.url}/whole", KNOWN, cached) == WHOLE


def test_a_damaged_download_is_fetched_again(server: Server, tmp_path: Path) -> None:
    cached = tmp_path / "kept.txt"
    cached.write_bytes(WHOLE[:100])
    assert corpora.download(f"{server.url}/whole", KNOWN, cached) == WHOLE


def test_no_server_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(corpora.CorpusError, match="cannot be downloaded") as raised:
        corpora.download("http://127.0.0.1:9/whole", KNOWN, tmp_path / "kept.txt")
    assert f"set {corpora.TINYSHAKESPEARE_VARIABLE}" in str(raised.value.hint)


@given(st.text())
def test_own_copy_equals(text: str) -> None:
    assume("\0" not in text)
    assert corpora.own_copy(text) == text
