//! A cache of pieces in 5 MiB that never grows: most pieces of a text cost one comparison.

use std::sync::{Mutex, PoisonError};

use crate::bpe::cache::Cache;
use crate::bpe::ranks::Ranks;
use crate::bpe::split::Pattern;

pub fn bpe_encode(ranks: Ranks, pattern: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    // As many caches as there ever were calls at the same time.
    let caches: Mutex<Vec<Cache>> = Mutex::default();
    move |text, ids| {
        let idle = || caches.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = idle().pop();
        let mut cache = cache.unwrap_or_default();
        cache.encode(&ranks, pattern, text, ids);
        idle().push(cache);
    }
}
