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
    // Page 0 of `counts` stays unused, so that place 0 can mean that a page has not been made.
    let mut places = vec![0_u16; PAGES];
    let mut counts = vec![[0_usize; PAGE]];
    let mut rest = codes;
    while let Some(at) = count_until_new(rest, &places, &mut counts) {
        rest = &rest[at..];
        let code: u32 = rest[0].into();
        #[allow(clippy::cast_possible_truncation)] // there are no more than PAGES pages
        let next = counts.len() as u16;
        places[code as usize / PAGE] = next;
        counts.push([0; PAGE]);
    }
    let pages = (0..)
        .step_by(PAGE)
        .zip(places)
        .filter(|&(_, place)| place > 0);
    pages
        .flat_map(|(first, place): (u32, u16)| {
            occurring(counts[usize::from(place)]).map(move |(code, count)| (first + code, count))
        })
        .collect()
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
