//! A connection of our own: TCP behind the same address guard as every request, with TLS where it is asked for.
//! For what is no HTTP: WebSockets and mailboxes.

use super::client::{Net, NetError, Why};
use super::guard::{PRIVATE, is_public};
use super::{Limits, Origin};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use url::Url;

/// How a connection is made: whom it may reach, whom it trusts.
#[derive(Clone, Debug, Default)]
pub struct Route {
    pub allow: Vec<Origin>,
    pub ca: Option<PathBuf>,
    pub proxy: Option<String>,
    pub limits: Limits,
}

/// A connection, plain or secured.
#[derive(Debug)]
pub enum Line {
    Plain(TcpStream),
    Secured(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Net {
    /// Connects to the host and port of an address. `origin` is what the configuration would have to name for a
    /// private one.
    ///
    /// # Errors
    /// What failed, as a sentence.
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
        origin: Option<&Origin>,
        route: &Route,
    ) -> Result<TcpStream, NetError> {
        let work = self.dial(host, port, origin, route);
        match tokio::time::timeout(route.limits.connect, work).await {
            Ok(done) => done,
            Err(_) => Err(NetError::new(Why::Timeout, format!("{host} does not answer in time"))),
        }
    }

    async fn dial(
        &self,
        host: &str,
        port: u16,
        origin: Option<&Origin>,
        route: &Route,
    ) -> Result<TcpStream, NetError> {
        let failed =
            |e: std::io::Error| NetError::new(Why::Connect, format!("{host} cannot be reached: {e}"));
        let allowed = origin.is_some_and(|o| route.allow.contains(o));
        if let Some(proxy) = route.proxy.as_deref().filter(|_| !allowed) {
            self.judge(host).await?;
            return through(proxy, host, port).await;
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = match bare.parse() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => {
                let name =
                    bare.parse().map_err(|_| NetError::new(Why::Address, format!("{host} is no host")))?;
                let all = self.resolver.resolve(name).await;
                let all =
                    all.map_err(|_| NetError::new(Why::Name, format!("the name {host} cannot be found")))?;
                all.map(|a| SocketAddr::new(a.ip(), port)).collect()
            }
        };
        let may: Vec<SocketAddr> = found.iter().copied().filter(|a| allowed || is_public(a.ip())).collect();
        if may.is_empty() {
            let why = if found.is_empty() {
                NetError::new(Why::Name, format!("the name {host} has no address"))
            } else {
                NetError::new(Why::Guard, format!("{host} is {PRIVATE}"))
            };
            return Err(why);
        }
        let stream = TcpStream::connect(may.as_slice()).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(stream)
    }

    /// Secures a connection.
    ///
    /// # Errors
    /// If the certificate is not trusted.
    pub async fn secure(&self, stream: TcpStream, host: &str, route: &Route) -> Result<Line, NetError> {
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned())
            .map_err(|_| NetError::new(Why::Tls, format!("{host} is no name for a certificate")))?;
        let config = trust(route).await?;
        let failed = |e: std::io::Error| {
            NetError::new(
                Why::Tls,
                format!("the certificate of {host} is not trusted, or it speaks no TLS: {e}"),
            )
        };
        let work = tokio_rustls::TlsConnector::from(config).connect(name, stream);
        match tokio::time::timeout(route.limits.connect, work).await {
            Ok(done) => Ok(Line::Secured(Box::new(done.map_err(failed)?))),
            Err(_) => Err(NetError::new(Why::Timeout, format!("{host} does not answer in time"))),
        }
    }
}

/// The system's authorities, and the one of the configuration.
async fn trust(route: &Route) -> Result<Arc<rustls::ClientConfig>, NetError> {
    let ca = route.ca.clone();
    let work = tokio::task::spawn_blocking(move || {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = &ca {
            let broken = |e: &dyn std::fmt::Display| {
                NetError::new(Why::Tls, format!("the CA file {}: {e}", path.display()))
            };
            for c in CertificateDer::pem_file_iter(path).map_err(|e| broken(&e))? {
                roots.add(c.map_err(|e| broken(&e))?).map_err(|e| broken(&e))?;
            }
        }
        Ok(Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
    });
    work.await.unwrap_or_else(|_| Err(NetError::new(Why::Tls, "the authorities cannot be read")))
}

/// Through a proxy of the configuration, by CONNECT. It resolves the name itself.
async fn through(proxy: &str, host: &str, port: u16) -> Result<TcpStream, NetError> {
    let wrong = |why: &str| NetError::new(Why::Connect, format!("the proxy: {why}"));
    let u = Url::parse(proxy).map_err(|_| wrong("no address"))?;
    if u.scheme() != "http" {
        return Err(wrong("streams and mailboxes go through an http proxy only"));
    }
    if let Ok(ip) = host.trim_matches(['[', ']']).parse()
        && !is_public(ip)
    {
        return Err(NetError::new(Why::Guard, format!("{host} is {PRIVATE}")));
    }
    let at = (u.host_str().unwrap_or_default(), u.port_or_known_default().unwrap_or(3128));
    let mut s = TcpStream::connect(at).await.map_err(|e| wrong(&e.to_string()))?;
    let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n");
    s.write_all(head.as_bytes()).await.map_err(|e| wrong(&e.to_string()))?;
    let mut got = Vec::new();
    while !got.ends_with(b"\r\n\r\n") {
        let mut b = [0u8; 1];
        let n = s.read(&mut b).await.map_err(|e| wrong(&e.to_string()))?;
        if n == 0 || got.len() > 8192 {
            return Err(wrong("it gave no answer"));
        }
        got.push(b[0]);
    }
    let status = String::from_utf8_lossy(&got).split(' ').nth(1).unwrap_or("").to_owned();
    if status == "200" { Ok(s) } else { Err(wrong(&format!("it refused ({status})"))) }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut *self {
            Line::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Line::Secured(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match &mut *self {
            Line::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Line::Secured(s) => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut *self {
            Line::Plain(s) => Pin::new(s).poll_flush(cx),
            Line::Secured(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut *self {
            Line::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Line::Secured(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
