//! Lines of a text file, with their numbers.
//!
//! Owns one buffer for all lines of a file, and the limit on a line's length, so that a file
//! without line ends cannot fill the memory.

use super::TapeError;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// Longest line, in bytes. The longest that the recorder writes has some 200.
const ROW_BYTES_MAX: u64 = 4_096;

/// A file that is read line by line.
pub(super) struct Rows {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    line: u64,
    buffer: Vec<u8>,
}

impl Rows {
    pub(super) fn new(path: &Path, reader: Box<dyn BufRead + Send>) -> Self {
        Self { path: path.to_owned(), reader, line: 0, buffer: Vec::new() }
    }

    /// The next line without its end, or `None` after the last. Empty lines are skipped.
    pub(super) fn next_row(&mut self) -> Result<Option<&str>, TapeError> {
        loop {
            self.buffer.clear();
            let read = self.reader.by_ref().take(ROW_BYTES_MAX).read_until(b'\n', &mut self.buffer);
            if read.map_err(|source| TapeError::io(&self.path, source))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let is_ended = self.buffer.ends_with(b"\n");
            if !is_ended && self.buffer.len() as u64 == ROW_BYTES_MAX {
                return Err(self.error(format!("is longer than {ROW_BYTES_MAX} bytes")));
            }
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if !self.buffer.is_empty() {
                break;
            }
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(row) => Ok(Some(row)),
            Err(_) => Err(self.error("is not UTF-8 text".to_owned())),
        }
    }

    /// An error that names this file and the line that was read last.
    pub(super) fn error(&self, reason: String) -> TapeError {
        TapeError::Row { path: self.path.clone(), line: self.line, reason }
    }
}
