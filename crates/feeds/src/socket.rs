//! A client's connection: the library opens it and writes, frames that come in are read in place here.
//!
//! The library is given the answer to the opening request and not a byte more, so that it holds nothing
//! of what follows. It never reads afterwards. The invariant: every byte behind the answer reaches the
//! reader, once and in order.

use crate::websocket::{Frame, Reader};
use bytes::Bytes;
use futures_util::SinkExt;
use model::limits;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async};

/// What is read at once of the answer to the opening request.
const ANSWER_BYTES: usize = 4 * 1024;

/// See the module.
pub(crate) struct Socket {
    library: WebSocketStream<Opening>,
    reader: Reader,
    /// What the server's latest ping said, until it is answered.
    ping: Option<Bytes>,
}

impl Socket {
    /// Opens a connection; says what went wrong otherwise. Encrypted, a server must be one that the
    /// authorities which browsers trust vouch for.
    pub(crate) async fn connect(request: Request<()>) -> Result<Self, String> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self::connect_trusting(request, roots).await
    }

    async fn connect_trusting(request: Request<()>, roots: RootCertStore) -> Result<Self, String> {
        let stream = dial(&request, roots).await.map_err(|error| error.to_string())?;
        let opening = Opening { stream, ahead: Vec::new(), given: 0 };
        let (library, _) = client_async(request, opening).await.map_err(|error| error.to_string())?;
        let mut reader = Reader::new(limits::FEED_FRAME_BYTES_MAX);
        let opening = library.get_ref();
        let followed = &opening.ahead[opening.given..];
        assert!(followed.len() <= ANSWER_BYTES, "at most what came together with the end of the answer");
        reader.room()[..followed.len()].copy_from_slice(followed);
        reader.filled(followed.len());
        Ok(Self { library, reader, ping: None })
    }

    /// The next message or control frame. After an error the connection is good for nothing.
    pub(crate) fn poll_frame(&mut self, ctx: &mut Context<'_>) -> Poll<Result<Frame<'_>, String>> {
        while !self.reader.advance().map_err(|defect| defect.to_string())? {
            let mut room = ReadBuf::new(self.reader.room());
            let stream = Pin::new(&mut self.library.get_mut().stream);
            ready!(stream.poll_read(ctx, &mut room)).map_err(|error| error.to_string())?;
            match room.filled().len() {
                0 => return Poll::Ready(Err("the server hung up".to_owned())),
                count => self.reader.filled(count),
            }
        }
        let frame = self.reader.message().map_err(|defect| defect.to_string())?;
        let frame = frame.expect("one was found");
        if let Frame::Ping(bytes) = frame {
            self.ping = Some(Bytes::copy_from_slice(bytes));
        }
        Poll::Ready(Ok(frame))
    }

    /// The answer to the latest ping, where it was not given yet.
    pub(crate) fn pong(&mut self) -> Option<Message> {
        self.ping.take().map(Message::Pong)
    }

    /// Writes a message.
    pub(crate) async fn send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.library.send(message).await
    }
}

/// The stream to the server that a request names.
async fn dial(request: &Request<()>, roots: RootCertStore) -> io::Result<MaybeTlsStream<TcpStream>> {
    let uri = request.uri();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_encrypted = uri.scheme_str() == Some("wss");
    let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    if !is_encrypted {
        return Ok(MaybeTlsStream::Plain(stream));
    }
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(MaybeTlsStream::Rustls(stream))
}

/// The stream as the library sees it: ends where the answer to the opening request does.
struct Opening {
    stream: MaybeTlsStream<TcpStream>,
    /// What was read, and how much of it the library was given.
    ahead: Vec<u8>,
    given: usize,
}

impl Opening {
    /// Where the answer ends, once its end has come.
    fn answer_len(&self) -> Option<usize> {
        const END: &[u8; 4] = b"\r\n\r\n";
        self.ahead.windows(END.len()).position(|bytes| bytes == END).map(|at| at + END.len())
    }
}

impl AsyncRead for Opening {
    fn poll_read(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.given == self.ahead.len() && self.answer_len().is_none() {
            let mut bytes = [0; ANSWER_BYTES];
            let mut came = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(ctx, &mut came))?;
            self.ahead.extend_from_slice(came.filled());
        }
        // Nothing behind the answer: to the library it is the end.
        let until = self.answer_len().unwrap_or(self.ahead.len()).min(self.given + into.remaining());
        into.put_slice(&self.ahead[self.given..until]);
        self.given = until;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Opening {
    fn poll_write(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(ctx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(ctx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::future::poll_fn;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_tungstenite::accept_async;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    /// A server with a certificate for `localhost` that greets whoever comes; its port and its certificate.
    async fn encrypted_server() -> (u16, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], PrivateKeyDer::Pkcs8(key.into()))
            .expect("the key is the certificate's");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Clients that do not trust it hang up.
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let mut client = accept_async(stream).await.expect("a client of WebSockets");
                client.send(Message::text("hello")).await.expect("it listens");
            }
        });
        (port, certificate)
    }

    fn request(host: &str, port: u16) -> Request<()> {
        format!("wss://{host}:{port}/v2/iex").into_client_request().expect("an address")
    }

    #[tokio::test]
    async fn an_encrypted_server_is_read_when_its_certificate_is_trusted_and_names_it() {
        let (port, certificate) = encrypted_server().await;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let trusted = Socket::connect_trusting(request("localhost", port), roots.clone()).await;
        let mut socket = trusted.expect("it is trusted");
        let greeting = poll_fn(|ctx| socket.poll_frame(ctx).map(|frame| format!("{frame:?}"))).await;
        assert_eq!(greeting, "Ok(Text(\"hello\"))");
        let other_name = Socket::connect_trusting(request("127.0.0.1", port), roots).await;
        assert!(other_name.is_err(), "the certificate is another's");
        let unknown = Socket::connect(request("localhost", port)).await;
        assert!(unknown.is_err(), "nobody vouches for it");
    }
}
