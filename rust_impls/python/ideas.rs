//! The ideas of each task, and how each is called. To add an idea, add its name to one of the
//! groups.
//!
//! Groups of tasks that take a text:
//!
//! - `attached` ideas take the text as UTF-8 (`&str`).
//! - `detached` ideas do too, and have threads of their own: they run without the GIL.
//! - `stored` ideas take the text as CPython stores it (`Text`).
//! - `threaded` ideas do too, and have threads of their own: they run without the GIL.
//! - `one_path` ideas do too, but use only the instructions of one path (`simd::Path`).
//!
//! Ideas of `decode_list` take a list `by_ids` or `by_addresses` of its int objects. Ideas that
//! read files take them `by_paths`. Ideas of byte-pair encoding build what they need `by_ranks`, or
//! train `by_text`.

charset_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: bit_table;
    threaded: bit_table_rayon;
    one_path: bit_table_scalar, bit_table_avx2, bit_table_avx512, bit_table_neon;
}

encode_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: id_table;
}

encode_array_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: id_table;
    threaded: id_table_rayon;
    one_path: id_table_scalar, id_table_avx2, id_table_avx512, id_table_neon;
}

encode_uint8_module! {
    stored: id_table;
    threaded: id_table_rayon;
    one_path: id_table_scalar, id_table_avx2, id_table_avx512, id_table_neon;
}

encode_int64_module! {
    stored: id_table;
    threaded: id_table_rayon;
    one_path: id_table_scalar, id_table_avx2, id_table_avx512, id_table_neon;
}

count_module! {
    stored: rustc_hash, page_table, pair_table, code_table;
}

charset_encode_module! {
    stored: rustc_hash, bit_table;
}

decode_list_module! {
    by_ids: fixed_array;
    by_addresses: small_ints;
}

decode_array_module! {
    stored: fixed_array, register_table;
}

file_charset_module! {
    by_paths: read_loop, mmap, rayon, tokio;
}

prepare_module! {
    by_paths: rustc_hash, two_passes;
}

shards_module! {
    by_paths: two_passes;
}

bpe_train_module! {
    by_text: naive, pair_places;
}

bpe_encode_module! {
    by_ranks: naive, heap, linked_list, longest_match, piece_cache;
}

bpe_encode_array_module! {
    by_ranks: linked_list, piece_cache;
}

bpe_encode_batch_module! {
    by_ranks: piece_cache, rayon;
}

bpe_decode_module! {
    by_ranks: flat_bytes;
}
