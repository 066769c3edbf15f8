//! The same door for scripts, as JSON lines. `{"id":1,"ask":"Counts"}` is answered with `{"id":1,"reply":…}`,
//! `{"id":2,"events":true}` with an event a line from then on. A line that makes no sense is answered with an
//! `error`, and the connection goes on.

use super::peer::Peer;
use super::server::Host;
use super::wire::REQUEST_MAX;
use crate::door::{Event, Request, next_event};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: Value,
    ask: Option<Request>,
    #[serde(default)]
    events: bool,
}

pub async fn serve(
    peer: &Peer,
    host: &dyn Host,
    first: u8,
    r: OwnedReadHalf,
    mut w: OwnedWriteHalf,
) -> std::io::Result<()> {
    let guest = match host.admit(peer, None) {
        Ok(g) => g,
        Err(why) => return say(&mut w, &json!({"error": why})).await,
    };
    let mut r = BufReader::new(r);
    let mut line = vec![first];
    let mut events: Option<broadcast::Receiver<Event>> = None;
    loop {
        if line.len() > REQUEST_MAX as usize {
            return say(&mut w, &json!({"error": "the line is too long"})).await;
        }
        let mut capped = (&mut r).take(u64::from(REQUEST_MAX) + 1 - line.len() as u64);
        let n = tokio::select! {
            n = capped.read_until(b'\n', &mut line) => n?,
            e = next_event(&mut events) => {
                say(&mut w, &json!({"event": e})).await?;
                continue;
            }
        };
        if line.len() > REQUEST_MAX as usize {
            return say(&mut w, &json!({"error": "the line is too long"})).await;
        }
        if n == 0 && line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let text = std::mem::take(&mut line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let said = match serde_json::from_slice::<Line>(&text) {
            Err(e) => json!({"error": format!("this line makes no sense: {e}")}),
            Ok(Line { id, ask: Some(request), .. }) => {
                json!({"id": id, "reply": guest.door.ask(request).await})
            }
            Ok(Line { id, events: true, .. }) => {
                events = Some(guest.door.events());
                json!({"id": id, "reply": "Events"})
            }
            Ok(Line { id, .. }) => {
                json!({"id": id, "error": "a line asks for something: \"ask\" or \"events\""})
            }
        };
        say(&mut w, &said).await?;
    }
}

async fn say(w: &mut OwnedWriteHalf, v: &Value) -> std::io::Result<()> {
    let mut text = v.to_string();
    text.push('\n');
    w.write_all(text.as_bytes()).await
}
