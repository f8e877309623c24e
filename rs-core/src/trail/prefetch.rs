//! Asks the processor for bytes before they are read.

/// Bytes ahead: the records that are framed next. A hop of some 250 bytes from record to record is too far for what a processor
/// fetches by itself.
const AHEAD: usize = 1536;
/// Bytes of a cache line.
const LINE: usize = 64;
/// Lines for each record: together as long as a usual one.
const LINES: usize = 4;

/// Asks for the bytes some records after `at`. It has no effect that a program can see, also beyond the end of the bytes.
#[inline(always)]
pub(crate) fn prefetch(bytes: &[u8], at: usize) {
    let next = bytes.as_ptr().wrapping_add(at + AHEAD);
    for line in 0..LINES {
        fetch(next.wrapping_add(line * LINE));
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn fetch(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: the instruction only loads a cache. It reads nothing into the program and accepts any address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
}

#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
#[inline(always)]
fn fetch(address: *const u8) {
    // SAFETY: the instruction only loads a cache. It reads nothing into the program and accepts any address.
    unsafe { std::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn fetch(_: *const u8) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_place_is_harmless() {
        let bytes = vec![7; 100];
        for at in [0, 50, 99, 100, 1 << 20, 1 << 40, usize::MAX / 2 - AHEAD] {
            prefetch(&bytes, at);
            prefetch(&[], at);
        }
        fetch(std::ptr::null());
        fetch(std::ptr::without_provenance(usize::MAX));
        assert!(bytes.iter().all(|&byte| byte == 7));
    }
}
