//! The kernels without Python. A call from Python takes longer: the difference is the binding.
//!
//! The text is a million random characters from a vocabulary of 65, in each width in which CPython
//! stores text. The limits are in the same run: no kernel can be faster.

use std::mem::MaybeUninit;

use divan::Bencher;
use divan::counter::ItemsCount;
use rust_impls::decode_list::small_ints::STEP;
use rust_impls::decoded::Buffer;
use rust_impls::text::{OwnedText, Text};
use rust_impls::{charset, charset_encode, count, decode_array, decode_list, encode_array, limit};

const LENGTH: usize = 1 << 20;
const DISTINCT: u32 = 65;
/// The first character of each vocabulary.
const WIDTHS: [(&str, u32); 3] = [("one", 0x30), ("two", 0x410), ("four", 0x1F600)];
const NAMES: [&str; 3] = [WIDTHS[0].0, WIDTHS[1].0, WIDTHS[2].0];

fn main() {
    divan::main();
}

fn ids() -> Vec<u16> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    // The lower of two random numbers makes some characters much more common than others, as in a
    // language.
    let mut id = || (next() % u64::from(DISTINCT)).min(next() % u64::from(DISTINCT));
    (0..LENGTH)
        .map(|_| u16::try_from(id()).unwrap_or_default())
        .collect()
}

fn vocabulary(width: &str) -> Vec<u32> {
    let first = WIDTHS.iter().find(|(name, _)| *name == width);
    (0..DISTINCT)
        .map(|id| first.map_or(0, |first| first.1) + id)
        .collect()
}

fn text(width: &str) -> OwnedText {
    let vocabulary = vocabulary(width);
    ids()
        .into_iter()
        .map(|id| vocabulary[usize::from(id)])
        .collect()
}

/// Times a kernel on a text of one width.
fn on_text<T>(bencher: Bencher<'_, '_>, width: &str, kernel: impl Fn(Text<'_>) -> T + Sync) {
    let text = text(width);
    bencher
        .counter(ItemsCount::new(LENGTH))
        .bench(|| kernel(divan::black_box(text.as_text())));
}

/// Times a decoder that fills a buffer of one width.
fn into_buffer(bencher: Bencher<'_, '_>, width: &str, decode: impl Fn(Buffer<'_>) + Sync) {
    let bencher = bencher.counter(ItemsCount::new(LENGTH));
    match text(width) {
        OwnedText::One(_) => {
            let mut buffer = vec![MaybeUninit::uninit(); LENGTH];
            bencher.bench_local(|| decode(Buffer::One(&mut buffer)));
        }
        OwnedText::Two(_) => {
            let mut buffer = vec![MaybeUninit::uninit(); LENGTH];
            bencher.bench_local(|| decode(Buffer::Two(&mut buffer)));
        }
        OwnedText::Four(_) => {
            let mut buffer = vec![MaybeUninit::uninit(); LENGTH];
            bencher.bench_local(|| decode(Buffer::Four(&mut buffer)));
        }
    }
}

#[divan::bench(args = NAMES)]
fn charset_bit_table(bencher: Bencher<'_, '_>, width: &str) {
    on_text(bencher, width, charset::bit_table::charset);
}

#[divan::bench(args = NAMES)]
fn count_page_table(bencher: Bencher<'_, '_>, width: &str) {
    on_text(bencher, width, count::page_table::count);
}

#[divan::bench(args = NAMES)]
fn count_pair_table(bencher: Bencher<'_, '_>, width: &str) {
    on_text(bencher, width, count::pair_table::count);
}

#[divan::bench(args = NAMES)]
fn count_code_table(bencher: Bencher<'_, '_>, width: &str) {
    on_text(bencher, width, count::code_table::count);
}

#[divan::bench(args = NAMES)]
fn charset_encode_bit_table(bencher: Bencher<'_, '_>, width: &str) {
    let text = text(width);
    let mut ids = vec![MaybeUninit::uninit(); LENGTH];
    bencher
        .counter(ItemsCount::new(LENGTH))
        .bench_local(|| charset_encode::bit_table::charset_encode(text.as_text(), &mut ids));
}

#[divan::bench(args = NAMES)]
fn encode_array_id_table(bencher: Bencher<'_, '_>, width: &str) {
    let text = text(width);
    let encode = encode_array::id_table::encode_array(&vocabulary(width));
    let mut ids = vec![MaybeUninit::uninit(); LENGTH];
    bencher
        .counter(ItemsCount::new(LENGTH))
        .bench_local(|| assert!(encode(text.as_text(), &mut ids).is_ok()));
}

#[divan::bench(args = NAMES)]
fn decode_array_fixed_array(bencher: Bencher<'_, '_>, width: &str) {
    let (ids, decode) = (
        ids(),
        decode_array::fixed_array::decode_array(&vocabulary(width)),
    );
    into_buffer(bencher, width, |buffer| {
        assert!(decode(&ids, buffer).is_ok());
    });
}

#[divan::bench(args = NAMES)]
fn decode_array_register_table(bencher: Bencher<'_, '_>, width: &str) {
    let (ids, decode) = (
        ids(),
        decode_array::register_table::decode_array(&vocabulary(width)),
    );
    into_buffer(bencher, width, |buffer| {
        assert!(decode(&ids, buffer).is_ok());
    });
}

#[divan::bench(args = NAMES)]
fn decode_list_small_ints(bencher: Bencher<'_, '_>, width: &str) {
    let zero = 0x7F00_0000_0000;
    let addresses: Vec<usize> = ids()
        .into_iter()
        .map(|id| zero + STEP * usize::from(id))
        .collect();
    let decode = decode_list::small_ints::decode_list(&vocabulary(width));
    into_buffer(bencher, width, |buffer| {
        assert!(decode(zero, &addresses, buffer).is_ok());
    });
}

#[divan::bench(args = NAMES)]
fn limit_read(bencher: Bencher<'_, '_>, width: &str) {
    let bytes = vec![1; LENGTH * bytes_per_character(width)];
    let bencher = bencher.counter(ItemsCount::new(LENGTH));
    bencher.bench(|| limit::read(divan::black_box(&bytes)));
}

#[divan::bench(args = NAMES)]
fn limit_memcpy(bencher: Bencher<'_, '_>, width: &str) {
    let bytes = vec![1; LENGTH * bytes_per_character(width)];
    let bencher = bencher.counter(ItemsCount::new(LENGTH));
    let mut place = vec![MaybeUninit::uninit(); bytes.len()];
    bencher.bench_local(|| limit::memcpy(divan::black_box(&bytes), divan::black_box(&mut place)));
}

#[divan::bench(args = NAMES)]
fn limit_memset(bencher: Bencher<'_, '_>, width: &str) {
    let mut place = vec![MaybeUninit::<u8>::uninit(); LENGTH * bytes_per_character(width)];
    let bencher = bencher.counter(ItemsCount::new(LENGTH));
    bencher.bench_local(|| limit::memset(divan::black_box(&mut place)));
}

fn bytes_per_character(width: &str) -> usize {
    match text(width) {
        OwnedText::One(_) => 1,
        OwnedText::Two(_) => 2,
        OwnedText::Four(_) => 4,
    }
}
