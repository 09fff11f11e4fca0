//! The longest token at each place, given back where its neighbour would not stand beside it.
//!
//! An answer is right if each token is what merging makes of its own bytes, and each two neighbours
//! are what merging makes of theirs: any merge across a border of the answer would, at the first such
//! border, also happen in the bytes of the two tokens alone. There is only one such answer, so
//! that it can be searched from the left. A place where the search failed once is never tried again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxBuildHasher;

use crate::bpe::merge::merge;
use crate::bpe::ranks::{NONE, Ranks};
use crate::bpe::split::{Pattern, pieces};
use crate::bpe::steps;

/// Pairs of tokens that are remembered before all are forgotten.
const REMEMBERED: usize = 1 << 18;

pub fn bpe_encode(ranks: Ranks, pattern: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    let prefixes = Prefixes::new(&ranks);
    let neighbours: Mutex<Neighbours> = Mutex::default();
    move |text, ids| {
        let mut neighbours = neighbours.lock().unwrap_or_else(PoisonError::into_inner);
        let mut search = Search::default();
        for piece in pieces(pattern, text).map(str::as_bytes) {
            let id = ranks.id(piece);
            if id == NONE {
                search.run(&ranks, &prefixes, &mut neighbours, piece);
                ids.extend(search.tokens.iter().map(|token| token.id));
            } else {
                ids.push(id);
            }
        }
    }
}

/// All beginnings of tokens, in a tree whose edges are in one hash table.
struct Prefixes {
    /// The number of the longer beginning, by the shorter one's and the byte that follows.
    edges: HashMap<(u32, u8), u32, FxBuildHasher>,
    /// The id of each beginning that is a token.
    ids: Vec<u32>,
}

impl Prefixes {
    /// Tokens that merging does not make of their own bytes are left out: they are only found as whole
    /// pieces.
    fn new(ranks: &Ranks) -> Self {
        let mut prefixes = Self {
            edges: HashMap::default(),
            ids: vec![NONE],
        };
        let mut merged = Vec::new();
        for (token, id) in ranks.tokens() {
            merged.clear();
            merge(ranks, &token, &mut merged);
            if merged != [id] {
                continue;
            }
            let mut prefix = 0;
            for &byte in &token {
                let next = u32::try_from(prefixes.ids.len()).unwrap_or(NONE);
                prefix = *prefixes.edges.entry((prefix, byte)).or_insert(next);
                if prefix == next {
                    prefixes.ids.push(NONE);
                }
            }
            prefixes.ids[prefix as usize] = id;
        }
        prefixes
    }
}

/// What is known of two tokens: whether merging leaves them as they are.
type Neighbours = HashMap<(u32, u32), bool, FxBuildHasher>;

#[derive(Clone, Copy)]
struct Token {
    id: u32,
    end: usize,
    /// Where the tokens at this place that are still to be tried end in `Search::shorter`.
    shorter: usize,
}

#[derive(Default)]
struct Search {
    tokens: Vec<Token>,
    /// Tokens to be tried, those of the last place last, and the longest of each place last.
    shorter: Vec<(u32, usize)>,
    /// A bit for each place from which the search failed.
    failed: Vec<u64>,
    merged: Vec<u32>,
}

impl Search {
    fn run(
        &mut self,
        ranks: &Ranks,
        prefixes: &Prefixes,
        neighbours: &mut Neighbours,
        piece: &[u8],
    ) {
        self.tokens.clear();
        self.shorter.clear();
        self.failed.clear();
        self.failed.resize(piece.len() / 64 + 1, 0);
        let mut at = 0;
        let mut first = 0;
        self.push_tokens_at(prefixes, piece, 0);
        while at < piece.len() {
            steps::add(1);
            if self.shorter.len() == first {
                // Nothing fits here: the token before must give way. There is one, because the
                // answer begins with one of those at the start.
                self.failed[at / 64] |= 1 << (at % 64);
                let Some(last) = self.tokens.pop() else {
                    return;
                };
                at = self.tokens.last().map_or(0, |token| token.end);
                first = last.shorter;
                continue;
            }
            let Some((id, end)) = self.shorter.pop() else {
                return;
            };
            let fails = self.failed[end / 64] >> (end % 64) & 1 == 1;
            if !fails && self.fits(ranks, neighbours, piece, id, end) {
                self.tokens.push(Token {
                    id,
                    end,
                    shorter: first,
                });
                at = end;
                first = self.shorter.len();
                self.push_tokens_at(prefixes, piece, at);
            }
        }
    }

    /// Puts all tokens that begin at a place onto the pile, the longest last.
    fn push_tokens_at(&mut self, prefixes: &Prefixes, piece: &[u8], at: usize) {
        let mut prefix = 0;
        for (end, &byte) in (at + 1..).zip(&piece[at..]) {
            steps::add(1);
            match prefixes.edges.get(&(prefix, byte)) {
                Some(&next) => prefix = next,
                None => break,
            }
            let id = prefixes.ids[prefix as usize];
            if id != NONE {
                self.shorter.push((id, end));
            }
        }
    }

    /// Whether merging leaves the last token and a next one as they are.
    fn fits(
        &mut self,
        ranks: &Ranks,
        neighbours: &mut Neighbours,
        piece: &[u8],
        id: u32,
        end: usize,
    ) -> bool {
        let Some(last) = self.tokens.last() else {
            return true;
        };
        if neighbours.len() > REMEMBERED {
            neighbours.clear();
        }
        *neighbours.entry((last.id, id)).or_insert_with(|| {
            let start = self
                .tokens
                .len()
                .checked_sub(2)
                .map_or(0, |at| self.tokens[at].end);
            self.merged.clear();
            merge(ranks, &piece[start..end], &mut self.merged);
            self.merged == [last.id, id]
        })
    }
}
