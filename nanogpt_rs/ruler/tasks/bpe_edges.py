"""Small texts on which byte-pair encoders go wrong, in characters that every Unicode since 14 has.

Some stand for a fault that was seen in a library: wrong ids for pieces of 500 bytes, of more than
10,000 bytes, or for a line break between spaces; and "1234567" as one piece.
"""

from __future__ import annotations

SCRIPTS = (
    "Wir müßten's tun, naïve Ωmega: it's 42°, we'll see.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. 2024 год.",
    "我能吞下玻璃而不伤身体。日本語のテキスト、カタカナも。",
    "한국어 문장입니다. ١٢٣ عربي نص עברית हिन्दी पाठ ไทย",
    "😀👩‍👩‍👧‍👦🇩🇪 👍🏽!! ½ ² Ⅷ ① ǅ ʰ e\u0301\u0323",
)
_TEXTS = (
    "",
    "a",
    " ",
    "\n",
    "\0",
    "a\0b\0",
    "aa",
    "aaa",
    "aaaa",
    "aaaaa",
    "\r\n\r\n",
    "\n \n",
    " \n",
    "a\n ",
    "a  b   c    \n\n\n  d",
    "\t*i",
    "\n'tis",
    "'Test 'S 'LL it's I'M we'Ve ''s",
    "1234567",
    "12 345 6789",
    "a1b22c333 4444x",
    "<|endoftext|> a <|fim_prefix|>",
    "def f(x):\n    return x  # it's\n\n\tpass\r\n",
    "\u00a0x\u2003y\u3000\u3000z\u2028",
    "\x1c\x1d\x1e\x1f x",  # white space for Python's ``re``, not for Unicode
    "\x7f\x80\xff\u0100\uffff\U00010000\U0010ffff",
    "ſ'ſ 'ſx",
    *SCRIPTS,
    "".join(map(chr, range(256))),
    "".join(map(chr, range(0x250, 0x360, 3))),
    "a" * 499,
    "b" * 500,
    "c" * 501,
    " " * 500,
    "." * 500 + " x",
    "abcdefghij" * 1_000,
    "ab" * 5_001,
    "漢字" * 1_700,
    " " * 1_000 + "a",
    "\n" * 1_000 + "a",
    "word " * 1_000,
)
EDGES = tuple(sorted(_TEXTS, key=len))
"""The shortest first: what an implementation is told to be wrong on first is the smallest."""
