//! A database file that is read and never written: changes stay in memory and are forgotten.
//!
//! It owns the pages that a database changes while it believes to write. It must never pass a write
//! on: sealed segments are immutable, and two readers may hold one at the same time. Invariant: the
//! file underneath has the same bytes before and after.

use super::Backend;
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The unit in which changes are kept; any size would do.
const PAGE_BYTES: usize = 4_096;

/// A backend that keeps every change in memory.
#[derive(Debug)]
pub(crate) struct Overlay {
    inner: Backend,
    inner_len: u64,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    len: u64,
    /// The file's length where it was cut shortest: bytes beyond read as zero.
    inner_len: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Lays memory over a file.
    pub(crate) fn new(inner: Backend) -> io::Result<Self> {
        let len = inner.len()?;
        Ok(Self {
            inner,
            inner_len: len,
            changes: Mutex::new(Changes { len, inner_len: len, pages: BTreeMap::new() }),
        })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        // The state is whole between operations, so a panic elsewhere does not spoil it.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One page as the file has it, zero beyond its end.
    fn inner_page(&self, changes: &Changes, page: u64) -> io::Result<Box<[u8]>> {
        let mut bytes = vec![0; PAGE_BYTES].into_boxed_slice();
        let start = page * PAGE_BYTES as u64;
        let end = changes.inner_len.min(start + PAGE_BYTES as u64);
        if start < end {
            let len = usize::try_from(end - start).expect("at most a page");
            self.inner.read(start, &mut bytes[..len])?;
        }
        Ok(bytes)
    }
}

/// The parts of a range of bytes, page by page: page, offset in the page, and place in the range.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let at = offset + done as u64;
        let inside = usize::try_from(at % PAGE_BYTES as u64).expect("below a page");
        let take = (PAGE_BYTES - inside).min(len - done);
        let range = done..done + take;
        done += take;
        Some((at / PAGE_BYTES as u64, inside, range))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= changes.len);
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if changes.pages.is_empty() && end.is_some_and(|end| end <= self.inner_len.min(changes.inner_len)) {
            drop(changes);
            return self.inner.read(offset, out);
        }
        for (page, inside, range) in parts(offset, out.len()) {
            let take = range.len();
            match changes.pages.get(&page) {
                Some(bytes) => out[range].copy_from_slice(&bytes[inside..inside + take]),
                None => out[range].copy_from_slice(&self.inner_page(&changes, page)?[inside..inside + take]),
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.changes();
        if len < changes.len {
            changes.inner_len = changes.inner_len.min(len);
            let page = len / PAGE_BYTES as u64;
            changes.pages.split_off(&(page + 1));
            let inside = usize::try_from(len % PAGE_BYTES as u64).expect("below a page");
            if let Some(bytes) = changes.pages.get_mut(&page) {
                bytes[inside..].fill(0);
            }
        }
        changes.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        for (page, inside, range) in parts(offset, data.len()) {
            if !changes.pages.contains_key(&page) {
                let bytes = self.inner_page(&changes, page)?;
                changes.pages.insert(page, bytes);
            }
            let bytes = changes.pages.get_mut(&page).expect("put in just now");
            bytes[inside..inside + range.len()].copy_from_slice(&data[range]);
        }
        changes.len = changes.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }
}
