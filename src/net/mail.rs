//! Mail that goes out: one message to a server that the operator's configuration names, secured unless that server is
//! this machine.

use super::Secret;
use crate::clean;
use crate::model::Text;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters};
use lettre::transport::smtp::commands;
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
    let tls = trusted(smtp).map_err(|e| err("", &e))?;
    let tls = match smtp.secured {
        Secured::Not => Tls::None,
        Secured::Starttls => Tls::Required(tls),
        Secured::Whole => Tls::Wrapper(tls),
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

fn trusted(smtp: &Smtp) -> Result<TlsParameters, String> {
    let mut tls = TlsParameters::builder(smtp.host.clone());
    if let Some(ca) = &smtp.ca {
        let pem = std::fs::read(ca).map_err(|e| format!("{}: {e}", ca.display()))?;
        tls =
            tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| format!("the authority: {e}"))?);
    }
    tls.build().map_err(|e| e.to_string())
}

/// Why a message was not handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotHanded {
    /// The server does not have it: it refused, or it was never asked. `false`: it will not take it later either.
    Never(Text, bool),
    /// The line broke when it had the message and had not said so.
    Unknown(Text),
}

/// Hands over a message as it stands. What the server said before it had all of it is a refusal; silence after that is
/// not known.
///
/// # Errors
/// See [`NotHanded`].
pub async fn hand_over(smtp: &Smtp, from: &str, to: &str, raw: &[u8]) -> Result<(), NotHanded> {
    let told = |e: &dyn std::fmt::Display| {
        clean::line_capped(&format!("mail by {}:{}: {e}", smtp.host, smtp.port), 300)
    };
    let never = |e: lettre::transport::smtp::Error| NotHanded::Never(told(&e), !e.is_permanent());
    let wrong = |e: &dyn std::fmt::Display| NotHanded::Never(told(e), false);
    let me = ClientId::default();
    let before = async {
        let tls = trusted(smtp).map_err(|e| wrong(&e))?;
        let wrap = (smtp.secured == Secured::Whole).then(|| tls.clone());
        let at = (smtp.host.as_str(), smtp.port);
        let mut c =
            AsyncSmtpConnection::connect_tokio1(at, Some(WHOLE / 2), &me, wrap, None).await.map_err(never)?;
        if smtp.secured == Secured::Starttls {
            c.starttls(tls, &me).await.map_err(never)?;
        }
        if let Some((user, secret)) = &smtp.login {
            let login = Credentials::new(user.clone(), secret.reveal().to_owned());
            c.auth(&[Mechanism::Plain, Mechanism::Login], &login).await.map_err(never)?;
        }
        let address = |a: &str| a.parse::<lettre::Address>().map_err(|e| wrong(&format!("{a}: {e}")));
        let (from, to) = (address(from)?, address(to)?);
        c.command(commands::Mail::new(Some(from), Vec::new())).await.map_err(never)?;
        c.command(commands::Rcpt::new(to, Vec::new())).await.map_err(never)?;
        c.command(commands::Data).await.map_err(never)?;
        Ok(c)
    };
    let mut c = match tokio::time::timeout(WHOLE, before).await {
        Ok(done) => done?,
        Err(_) => return Err(NotHanded::Never(told(&"it does not answer in time"), true)),
    };
    match tokio::time::timeout(WHOLE, c.message(raw)).await {
        Ok(Ok(_)) => {
            // It has it; whether it says good-bye is nobody's concern.
            let _ = tokio::time::timeout(Duration::from_secs(2), c.quit()).await;
            Ok(())
        }
        Ok(Err(e)) if e.is_permanent() || e.is_transient() => Err(never(e)),
        Ok(Err(e)) => Err(NotHanded::Unknown(told(&e))),
        Err(_) => Err(NotHanded::Unknown(told(&"it has the message and does not answer"))),
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
