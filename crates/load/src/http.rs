//! A keep-alive HTTP/1.1 connection that costs the machine as little as it can.
//!
//! It sends one request at a time and reads answers that say their length or come in chunks, which
//! is all that `papertape` answers with. It keeps one buffer. Invariant: after an error the connection is not used again.

use bytes::BytesMut;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// An answer; the body lies in the connection until the next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    request: Vec<u8>,
    buffer: BytesMut,
    answer_len: usize,
}

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = BytesMut::with_capacity(8 * 1024);
        Ok(Self { stream, address, request: Vec::with_capacity(1024), buffer, answer_len: 0 })
    }

    /// Sends a request with a JSON body, or without one when it is empty, and waits for the answer.
    ///
    /// # Errors
    /// When the connection ends or the answer is not HTTP.
    pub async fn send(&mut self, method: &str, path: &str, token: &str, body: &[u8]) -> io::Result<Answer<'_>> {
        use io::Write as _;
        self.request.clear();
        write!(self.request, "{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address)?;
        if !token.is_empty() {
            write!(self.request, "authorization: Bearer {token}\r\n")?;
        }
        if !body.is_empty() {
            write!(self.request, "content-type: application/json\r\ncontent-length: {}\r\n", body.len())?;
        }
        self.request.extend_from_slice(b"\r\n");
        self.request.extend_from_slice(body);
        self.stream.write_all(&self.request).await?;
        let _ = self.buffer.split_to(self.answer_len);
        self.answer_len = 0;
        self.read().await
    }

    async fn read(&mut self) -> io::Result<Answer<'_>> {
        let head = loop {
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
            self.fill().await?;
        };
        let length = match head.length {
            Some(length) => length,
            None => self.unchunk(head.len).await?,
        };
        while self.buffer.len() < head.len + length {
            self.fill().await?;
        }
        self.answer_len = head.len + length;
        Ok(Answer { status: head.status, body: &self.buffer[head.len..self.answer_len] })
    }

    /// Reads chunks and joins them in place; returns their length together.
    async fn unchunk(&mut self, start: usize) -> io::Result<usize> {
        let mut length = 0;
        loop {
            let at = start + length;
            let line = loop {
                if let Some(end) = find(self.buffer.get(at..).unwrap_or_default(), b"\r\n") {
                    break end;
                }
                self.fill().await?;
            };
            let text = std::str::from_utf8(&self.buffer[at..at + line]).map_err(|_| odd("a chunk's size"))?;
            let size = text.split(';').next().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            let size = size.filter(|size| *size <= ANSWER_BYTES_MAX).ok_or_else(|| odd("a chunk's size"))?;
            while self.buffer.len() < at + line + 2 + size + 2 {
                self.fill().await?;
            }
            let data = at + line + 2;
            self.buffer.copy_within(data..data + size, at);
            let rest = data + size + 2;
            let end = self.buffer.len();
            self.buffer.copy_within(rest..end, at + size);
            self.buffer.truncate(end - (rest - at - size));
            length += size;
            if size == 0 {
                return Ok(length);
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.buffer.len() >= ANSWER_BYTES_MAX {
            return Err(odd("too long"));
        }
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The head of an answer.
struct Head {
    status: u16,
    len: usize,
    /// `None` for a body in chunks.
    length: Option<usize>,
}

impl Head {
    /// `None` while it is not whole.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| odd("its head is not text"))?;
        let status = text.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(|| odd("no status"))?;
        let (mut length, mut chunked) = (0, false);
        for line in text.split("\r\n").skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| odd("its length is no number"))?;
            }
            chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
        Ok(Some(Self { status, len: end + 4, length: (!chunked).then_some(length) }))
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not an HTTP answer: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn check(answer: &'static [u8], expected: (u16, &[u8])) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 1024];
            for _ in 0..2 {
                assert!(stream.read(&mut request).await.expect("a request") > 0);
                for piece in answer.chunks(7) {
                    stream.write_all(piece).await.expect("sent");
                }
            }
        });
        let mut connection = Connection::open(address).await.expect("open");
        for _ in 0..2 {
            let answer = connection.send("POST", "/", "token", b"{}").await.expect("an answer");
            assert_eq!((answer.status, answer.body), expected);
        }
        serving.await.expect("the server's assertions hold");
    }

    #[tokio::test]
    async fn answers_are_read_whole_and_one_after_the_other() {
        check(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", (201, b"ok")).await;
        check(b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")).await;
        let chunks =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n";
        check(chunks, (200, b"wikipedia")).await;
    }
}
