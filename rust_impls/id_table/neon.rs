//! Lookups of 16 bytes in 64 (NEON), four of them for all of Latin-1.

#![allow(unsafe_code)] // vector loads and stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::aarch64::*;
use std::mem::MaybeUninit;

use super::{Filled, Number, fill_latin1, outside_latin1};

const LANES: usize = 16;
/// Characters that are looked up before each branch on whether all of them have ids.
const BLOCK: usize = 8 * LANES;

#[target_feature(enable = "neon")]
pub fn fill<N: Number>(table: &[u8; 256], codes: &[u8], ids: &mut [MaybeUninit<N>]) -> Filled {
    if codes.len() < LANES {
        return fill_latin1(table, codes, ids);
    }
    let quarters = [0, 64, 128, 192].map(|first| {
        let [a, b, c, d] = [0, 16, 32, 48].map(|row| load(&table[first + row..]));
        uint8x16x4_t(a, b, c, d)
    });
    let mut at = 0;
    while at < codes.len() {
        // The last vector overlaps the previous one, and writes the same ids a second time.
        let block = (codes.len() - at).min(BLOCK);
        let mut gathered = vdupq_n_u8(0);
        let mut done = 0;
        while done < block {
            let from = (at + done).min(codes.len() - LANES);
            let looked_up = find(quarters, load(&codes[from..]));
            gathered = vorrq_u8(gathered, looked_up);
            store(looked_up, &mut ids[from..]);
            done += LANES;
        }
        if vmaxvq_u8(gathered) >= super::ABSENT {
            // The overlap was checked with the previous vector.
            outside_latin1(table, &codes[at..at + block], at)?;
        }
        at += block;
    }
    Ok(())
}

/// The ids of 16 codes. Each lookup after the first changes only the lanes with an index below 64.
/// Flipping the top bits gives such an index to the codes of the lookup's own quarter alone.
#[inline]
#[target_feature(enable = "neon")]
fn find([a, b, c, d]: [uint8x16x4_t; 4], codes: uint8x16_t) -> uint8x16_t {
    let looked_up = vqtbl4q_u8(a, codes);
    let looked_up = vqtbx4q_u8(looked_up, b, veorq_u8(codes, vdupq_n_u8(0x40)));
    let looked_up = vqtbx4q_u8(looked_up, c, veorq_u8(codes, vdupq_n_u8(0x80)));
    vqtbx4q_u8(looked_up, d, veorq_u8(codes, vdupq_n_u8(0xC0)))
}

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8]) -> uint8x16_t {
    let bytes = &bytes[..LANES];
    // SAFETY: the slice has 16 bytes, and the load needs no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Widens 16 ids to `N` and writes them.
#[inline]
#[target_feature(enable = "neon")]
fn store<N: Number>(ids: uint8x16_t, places: &mut [MaybeUninit<N>]) {
    let to = places[..LANES].as_mut_ptr();
    let halves = [vmovl_u8(vget_low_u8(ids)), vmovl_high_u8(ids)];
    // SAFETY: 16 places of `size_of::<N>()` bytes each are written, in vectors of 16 bytes. A store
    // needs only the alignment of the numbers. Numbers are integers, for which all bytes are valid.
    unsafe {
        match size_of::<N>() {
            1 => vst1q_u8(to.cast(), ids),
            2 => {
                for (index, half) in halves.into_iter().enumerate() {
                    vst1q_u16(to.cast::<u16>().add(8 * index), half);
                }
            }
            4 => {
                for (index, half) in halves.into_iter().enumerate() {
                    let to = to.cast::<u32>().add(8 * index);
                    vst1q_u32(to, vmovl_u16(vget_low_u16(half)));
                    vst1q_u32(to.add(4), vmovl_high_u16(half));
                }
            }
            8 => {
                for (index, half) in halves.into_iter().enumerate() {
                    let to = to.cast::<u64>().add(8 * index);
                    let quarters = [vmovl_u16(vget_low_u16(half)), vmovl_high_u16(half)];
                    for (index, quarter) in quarters.into_iter().enumerate() {
                        let to = to.add(4 * index);
                        vst1q_u64(to, vmovl_u32(vget_low_u32(quarter)));
                        vst1q_u64(to.add(2), vmovl_high_u32(quarter));
                    }
                }
            }
            _ => unreachable!("no number is of another size"),
        }
    }
}
