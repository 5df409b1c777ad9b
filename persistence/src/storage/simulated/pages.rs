//! The contents of a simulated file, shared page by page between a disk and its crash images.
//!
//! It owns copy-on-write and the fingerprint of contents. It must never change a page that another
//! disk can see. Invariant: bytes beyond the length are zero, so that equal contents have equal pages
//! and equal fingerprints.

use std::sync::{Arc, OnceLock};

/// The unit of sharing; the page of the database, so that its writes are shared whole.
pub(super) const PAGE_BYTES: usize = 4_096;

/// An odd number without a pattern: it makes the fingerprint depend on the order of pages.
const ORDER_FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// A page and, once asked for, its fingerprint.
#[derive(Clone, Debug)]
pub(super) struct Page {
    bytes: Box<[u8; PAGE_BYTES]>,
    fingerprint: OnceLock<u128>,
}

impl Page {
    pub(super) fn of(bytes: [u8; PAGE_BYTES]) -> Arc<Self> {
        Arc::new(Self { bytes: Box::new(bytes), fingerprint: OnceLock::new() })
    }

    pub(super) fn bytes(&self) -> &[u8; PAGE_BYTES] {
        &self.bytes
    }

    fn fingerprint(&self) -> u128 {
        *self.fingerprint.get_or_init(|| {
            // A page of zeros that was written equals one that never was.
            if self.bytes.iter().all(|byte| *byte == 0) { 0 } else { fingerprint(&*self.bytes) }
        })
    }
}

/// 128 bits of a cryptographic hash: equal ones are taken for equal bytes.
pub(super) fn fingerprint(bytes: &[u8]) -> u128 {
    let hash = *blake3::hash(bytes).as_bytes();
    u128::from_le_bytes(hash[..16].try_into().expect("a hash has 32 bytes"))
}

#[derive(Clone, Debug, Default)]
struct Shared {
    /// `None` reads as zeros.
    pages: Vec<Option<Arc<Page>>>,
    fingerprint: OnceLock<u128>,
}

/// Bytes whose clones are cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    len: usize,
    shared: Arc<Shared>,
}

impl Contents {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Fills `out`, or says `false` where the contents end before.
    pub(super) fn read(&self, offset: usize, out: &mut [u8]) -> bool {
        if offset.checked_add(out.len()).is_none_or(|end| end > self.len) {
            return false;
        }
        let mut done = 0;
        while done < out.len() {
            let (page, inside) = ((offset + done) / PAGE_BYTES, (offset + done) % PAGE_BYTES);
            let take = (PAGE_BYTES - inside).min(out.len() - done);
            match &self.shared.pages[page] {
                Some(page) => out[done..done + take].copy_from_slice(&page.bytes[inside..inside + take]),
                None => out[done..done + take].fill(0),
            }
            done += take;
        }
        true
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        assert!(self.read(0, &mut bytes), "contents reach to their own end");
        bytes
    }

    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        self.grow(offset + data.len());
        let pages = self.pages();
        let mut done = 0;
        while done < data.len() {
            let (page, inside) = ((offset + done) / PAGE_BYTES, (offset + done) % PAGE_BYTES);
            let take = (PAGE_BYTES - inside).min(data.len() - done);
            let slot = pages[page].get_or_insert_with(|| Page::of([0; PAGE_BYTES]));
            let page = Arc::make_mut(slot);
            page.fingerprint = OnceLock::new();
            page.bytes[inside..inside + take].copy_from_slice(&data[done..done + take]);
            done += take;
        }
    }

    /// As [`Self::write`], for a page that lies at a multiple of its size: nothing is copied.
    pub(super) fn put(&mut self, offset: usize, page: &Arc<Page>) {
        assert_eq!(offset % PAGE_BYTES, 0, "a page lies at a multiple of its size");
        self.grow(offset + PAGE_BYTES);
        self.pages()[offset / PAGE_BYTES] = Some(Arc::clone(page));
    }

    pub(super) fn set_len(&mut self, len: usize) {
        if len >= self.len {
            self.grow(len);
            return;
        }
        let pages = self.pages();
        pages.truncate(len.div_ceil(PAGE_BYTES));
        if let Some(Some(last)) = pages.last_mut().filter(|_| !len.is_multiple_of(PAGE_BYTES)) {
            let last = Arc::make_mut(last);
            last.fingerprint = OnceLock::new();
            last.bytes[len % PAGE_BYTES..].fill(0);
        }
        self.len = len;
    }

    pub(super) fn fingerprint(&self) -> u128 {
        let pages = *self.shared.fingerprint.get_or_init(|| {
            let of = |page: &Option<Arc<Page>>| page.as_ref().map_or(0, |page| page.fingerprint());
            self.shared
                .pages
                .iter()
                .fold(0_u128, |sum, page| sum.wrapping_add(of(page)).wrapping_add(1).wrapping_mul(ORDER_FACTOR))
        });
        pages.wrapping_add(self.len as u128)
    }

    fn grow(&mut self, len: usize) {
        if len <= self.len {
            return;
        }
        self.len = len;
        let count = len.div_ceil(PAGE_BYTES);
        if count > self.shared.pages.len() {
            self.pages().resize(count, None);
        }
    }

    fn pages(&mut self) -> &mut Vec<Option<Arc<Page>>> {
        let shared = Arc::make_mut(&mut self.shared);
        shared.fingerprint = OnceLock::new();
        &mut shared.pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(writes: &[(usize, &[u8])], len: usize) -> Contents {
        let mut contents = Contents::default();
        for (offset, data) in writes {
            contents.write(*offset, data);
        }
        contents.set_len(len);
        contents
    }

    #[test]
    fn contents_are_what_a_plain_vector_would_hold() {
        let mut plain: Vec<u8> = Vec::new();
        let mut contents = Contents::default();
        let mut clones = Vec::new();
        for step in 0..200_usize {
            let offset = step * 7_919 % 20_000;
            let data = vec![u8::try_from(step % 251).expect("small") + 1; step * 37 % 9_000];
            if step % 5 == 4 {
                plain.resize(offset, 0);
                contents.set_len(offset);
            } else {
                plain.resize(plain.len().max(offset + data.len()), 0);
                plain[offset..offset + data.len()].copy_from_slice(&data);
                contents.write(offset, &data);
            }
            assert_eq!(contents.to_vec(), plain, "step {step}");
            clones.push((contents.clone(), plain.clone()));
        }
        // What came later did not change what was shared before.
        assert!(clones.iter().all(|(contents, plain)| contents.to_vec() == *plain));
    }

    #[test]
    fn fingerprints_are_equal_exactly_when_contents_are() {
        let one = written(&[(0, &[1; 5_000]), (9_000, &[2; 10])], 9_010);
        assert_eq!(one.fingerprint(), written(&[(9_000, &[2; 10]), (0, &[1; 5_000])], 9_010).fingerprint());
        // Zeros that were written, and what was cut off, leave no trace.
        let zeros = written(&[(0, &[1; 5_000]), (4_096 * 2, &[0; 700]), (9_000, &[2; 10_000])], 9_010);
        assert_eq!(one.fingerprint(), zeros.fingerprint());
        for other in [
            written(&[(0, &[1; 5_000]), (9_000, &[2; 10])], 9_011),
            written(&[(0, &[1; 5_000]), (9_001, &[2; 9])], 9_010),
            written(&[(4_096, &[1; 904]), (9_000, &[2; 10])], 9_010),
        ] {
            assert_ne!(one.fingerprint(), other.fingerprint());
        }
    }
}
