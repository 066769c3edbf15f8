//! Mail that goes out: one message to a server that the operator's configuration names, secured unless that server is
//! this machine.

use super::Secret;
use crate::clean;
use crate::model::Text;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::PathBuf;
use std::time::Duration;

/// The whole conversation may take so long.
const WHOLE: Duration = Duration::from_secs(60);

/// How a connection is secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secured {
    Starttls,
    Whole,
    /// For a server on this machine.
    Not,
}

/// A server that takes mail.
#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub secured: Secured,
    pub login: Option<(String, Secret)>,
    pub ca: Option<PathBuf>,
}

/// A message in plain text.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
}

/// Hands a message over; when this returns, the server has it.
///
/// # Errors
/// What failed, as a sentence without secrets.
pub async fn send(smtp: &Smtp, mail: Mail) -> Result<(), Text> {
    let err = |what: &str, e: &dyn std::fmt::Display| {
        clean::line_capped(&format!("mail by {}:{}: {what}{e}", smtp.host, smtp.port), 300)
    };
    let address = |a: &String| a.parse::<Mailbox>().map_err(|e| err(&format!("{a} is no address: "), &e));
    let mut m = Message::builder()
        .from(address(&mail.from)?)
        .subject(clean::line_capped(&mail.subject, 200).as_str());
    for to in &mail.to {
        m = m.to(address(to)?);
    }
    // So that no holiday responder answers (RFC 3834).
    let m = m.header(AutoSubmitted).header(ContentType::TEXT_PLAIN);
    let m = m.body(mail.text).map_err(|e| err("", &e))?;
    let mut tls = TlsParameters::builder(smtp.host.clone());
    if let Some(ca) = &smtp.ca {
        let pem = std::fs::read(ca).map_err(|e| err(&format!("{}: ", ca.display()), &e))?;
        tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| err("the authority: ", &e))?);
    }
    let tls = match smtp.secured {
        Secured::Not => Tls::None,
        Secured::Starttls => Tls::Required(tls.build().map_err(|e| err("", &e))?),
        Secured::Whole => Tls::Wrapper(tls.build().map_err(|e| err("", &e))?),
    };
    // It secures what the configuration says: `tls` above.
    let mut t = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .hello_name(ClientId::default())
        .timeout(Some(WHOLE / 2));
    if let Some((user, secret)) = &smtp.login {
        t = t.credentials(Credentials::new(user.clone(), secret.reveal().to_owned()));
    }
    match tokio::time::timeout(WHOLE, t.build().send(m)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(err("", &e)),
        Err(_) => Err(err("", &format!("no end within {} s", WHOLE.as_secs()))),
    }
}

#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".into())
    }
}
