//! Counters in pages of 256 codes, made at first use: memory for unused pages is never touched.

use super::{Count, occurring};
use crate::text::Text;

const PAGE: usize = 256;
const PAGES: usize = (char::MAX as usize + 1) / PAGE;
/// Neighbouring characters are counted in different tables, because an increment has to wait for
/// the previous one if both go to the same counter.
const TABLES: usize = 8;

pub fn count(text: Text<'_>) -> Vec<Count> {
    match text {
        Text::One(codes) => occurring(one_byte(codes)).collect(),
        Text::Two(codes) => pages(codes),
        Text::Four(codes) => pages(codes),
    }
}

/// How often each byte occurs. All counters are in one page, which need not be looked up.
pub(super) fn one_byte(codes: &[u8]) -> [usize; PAGE] {
    let mut tables = [[0_usize; PAGE]; TABLES];
    let (groups, rest) = codes.as_chunks::<TABLES>();
    for group in groups {
        for (table, &code) in tables.iter_mut().zip(group) {
            table[usize::from(code)] += 1;
        }
    }
    let [mut counts, others @ ..] = tables;
    for &code in rest {
        counts[usize::from(code)] += 1;
    }
    for other in others {
        for (count, more) in counts.iter_mut().zip(other) {
            *count += more;
        }
    }
    counts
}

fn pages<C: Copy + Into<u32>>(codes: &[C]) -> Vec<Count> {
    let mut pages = Pages::new();
    pages.add(codes);
    pages.occurring()
}

/// The pages made so far.
pub(super) struct Pages {
    /// The place of each page in `counts`, and 0 for a page that has not been made.
    places: Vec<u16>,
    /// Counters, page by page. The first page stays unused.
    counts: Vec<[usize; PAGE]>,
}

impl Pages {
    pub fn new() -> Self {
        Self {
            places: vec![0; PAGES],
            counts: vec![[0; PAGE]],
        }
    }

    pub fn add<C: Copy + Into<u32>>(&mut self, codes: &[C]) {
        let mut rest = codes;
        while let Some(at) = count_until_new(rest, &self.places, &mut self.counts) {
            rest = &rest[at..];
            let code: u32 = rest[0].into();
            #[allow(clippy::cast_possible_truncation)] // there are no more than PAGES pages
            let next = self.counts.len() as u16;
            self.places[code as usize / PAGE] = next;
            self.counts.push([0; PAGE]);
        }
    }

    /// In code-point order.
    pub fn occurring(self) -> Vec<Count> {
        let pages = (0..).step_by(PAGE).zip(self.places);
        let made = pages.filter(|&(_, place)| place > 0);
        made.flat_map(|(first, place): (u32, u16)| {
            let counts = occurring(self.counts[usize::from(place)]);
            counts.map(move |(code, count)| (first + code, count))
        })
        .collect()
    }
}

/// Counts codes until one has no page yet, and returns its position. No page is made meanwhile, so
/// that the addresses of both tables stay in registers: read again after each increment, they would
/// have to wait wherever the processor takes the increment for one of them.
#[inline(never)]
fn count_until_new<C: Copy + Into<u32>>(
    codes: &[C],
    places: &[u16],
    counts: &mut [[usize; PAGE]],
) -> Option<usize> {
    codes.iter().position(|&code| {
        let code: u32 = code.into();
        let place = usize::from(places[code as usize / PAGE]);
        if place > 0 {
            counts[place][code as usize % PAGE] += 1;
        }
        place == 0
    })
}
