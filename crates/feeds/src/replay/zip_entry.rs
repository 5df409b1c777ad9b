//! The one file inside a zip, as a stream of its own.
//!
//! The zip library lends entries only while it is borrowed itself, so it is asked where the entry
//! lies, and the bytes are inflated here. The checksum is compared at the end.

use super::TapeError;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Opens a zip that holds one file.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, TapeError> {
    let broken = |reason: String| TapeError::Zip { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|source| TapeError::io(path, source))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(error.to_string()))?;
    if archive.len() != 1 {
        return Err(broken(format!("holds {} files where one belongs", archive.len())));
    }
    let (start, bytes, method, checksum) = {
        let entry = archive.by_index_raw(0).map_err(|error| broken(error.to_string()))?;
        let start = entry.data_start().ok_or_else(|| broken("does not say where its file begins".to_owned()))?;
        (start, entry.compressed_size(), entry.compression(), entry.crc32())
    };
    let mut file = archive.into_inner().into_inner();
    file.seek(SeekFrom::Start(start)).map_err(|source| TapeError::io(path, source))?;
    let packed = BufReader::new(file).take(bytes);
    let plain: Box<dyn Read + Send> = match method {
        CompressionMethod::Stored => Box::new(packed),
        CompressionMethod::Deflated => Box::new(DeflateDecoder::new(packed)),
        other => return Err(broken(format!("is compressed with {other}, which is not read here"))),
    };
    Ok(Box::new(BufReader::new(Checked { plain, crc: Crc::new(), expected: checksum })))
}

/// Compares the checksum once everything was read.
struct Checked {
    plain: Box<dyn Read + Send>,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.plain.read(out)?;
        if read == 0 && !out.is_empty() && self.crc.sum() != self.expected {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the checksum does not match"));
        }
        self.crc.update(&out[..read]);
        Ok(read)
    }
}
