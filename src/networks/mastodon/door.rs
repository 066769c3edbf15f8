//! How an account lets us in: the program is registered with the server, a person opens a page there and copies a code
//! back. PKCE and a state keep the code ours; nothing listens on this machine.
//! Facts: docs.joinmastodon.org/client/authorized.

use super::super::login::{Login, Said, Step, base64url};
use super::super::{Call, Trouble};
use crate::clean;
use crate::model::Text;
use ring::digest;

const OOB: &str = "urn:ietf:wg:oauth:2.0:oob";
/// What the program may do: hear, answer, report; not the settings of the account.
const SCOPES: &str = "read write:statuses write:media write:favourites write:reports";

/// The steps: register, a code from a person, a token for it.
pub fn step(l: &mut Login, said: Said<'_>) -> Result<Step, Trouble> {
    match said {
        Said::Begin { random } => {
            let state = digest::digest(&digest::SHA256, &[random.as_slice(), b"state"].concat());
            l.keys = std::mem::take(&mut l.keys)
                .with("verifier", base64url(&random))
                .with("state", base64url(&state.as_ref()[..16]));
            let fields = [("client_name", "Hearken"), ("redirect_uris", OOB), ("scopes", SCOPES)];
            Ok(Step::Ask(Call::form("register", format!("{}/api/v1/apps", l.server), &fields)))
        }
        Said::Answer(call, a) => {
            let v = a.json()?;
            let text = |k: &str| v[k].as_str().unwrap_or("").to_owned();
            if call.what == "register" {
                let (id, secret) = (text("client_id"), text("client_secret"));
                if id.is_empty() {
                    return Err(Trouble::Garbled(Text::ours("the server did not register the program")));
                }
                l.keys =
                    std::mem::take(&mut l.keys).with("client_id", id.clone()).with("client_secret", secret);
                let challenge = digest::digest(&digest::SHA256, l.keys.text("verifier").as_bytes());
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs([
                        ("response_type", "code"),
                        ("client_id", id.as_str()),
                        ("redirect_uri", OOB),
                        ("scope", SCOPES),
                        ("code_challenge", &base64url(challenge.as_ref())),
                        ("code_challenge_method", "S256"),
                        ("state", l.keys.text("state")),
                    ])
                    .finish();
                let page = format!("{}/oauth/authorize?{query}", l.server);
                return Ok(Step::Prompt {
                    lines: vec![
                        Text::ours(
                            "open this page, let Hearken in, and copy the code, or the address that it stands in:",
                        ),
                        clean::line_capped(&page, 2000),
                    ],
                    what: "code",
                    hidden: true,
                });
            }
            let token = text("access_token");
            if token.is_empty() {
                return Err(Trouble::Garbled(Text::ours("the server gave no token for the code")));
            }
            l.keys.forget("verifier");
            l.keys.forget("state");
            l.keys = std::mem::take(&mut l.keys).with("token", token);
            Ok(Step::Done(l.keys.clone()))
        }
        Said::Typed(code) => {
            let k = &l.keys;
            let (code, state) = pasted(code);
            if state.is_some_and(|s| s != k.text("state")) {
                return Err(Trouble::Refused(Text::ours("this code belongs to another login; begin again")));
            }
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("client_id", k.text("client_id")),
                ("client_secret", k.text("client_secret")),
                ("redirect_uri", OOB),
                ("code_verifier", k.text("verifier")),
            ];
            Ok(Step::Ask(Call::form("token", format!("{}/oauth/token", l.server), &fields)))
        }
    }
}

/// A code as it is, or out of the address that a server led to; then with the state that stands there.
fn pasted(typed: &str) -> (String, Option<String>) {
    let typed = typed.trim();
    let Some((_, query)) = typed.split_once('?').filter(|(_, q)| q.contains("code=")) else {
        return (typed.to_owned(), None);
    };
    let of = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == name).map(|(_, v)| v.into_owned())
    };
    // An address without a state is one that we did not send anybody to.
    (of("code").unwrap_or_default(), Some(of("state").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::answer;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_code_becomes_a_token() {
        let mut l = Login { server: "https://social.example".into(), ..Login::default() };
        let Step::Ask(register) = step(&mut l, Said::Begin { random: [7; 32] }).unwrap() else { panic!() };
        let a = answer(200, &json!({"client_id": "id", "client_secret": "sec"}));
        let Step::Prompt { lines, hidden, .. } = step(&mut l, Said::Answer(&register, &a)).unwrap() else {
            panic!()
        };
        assert!(
            hidden && lines[1].contains("code_challenge_method=S256") && !lines[1].contains("sec"),
            "{lines:?}"
        );
        let Step::Ask(token) = step(&mut l, Said::Typed(" the-code ")).unwrap() else { panic!() };
        let body = String::from_utf8(token.body.clone().unwrap().1).unwrap();
        assert!(body.contains("code=the-code") && body.contains("code_verifier="), "{body}");
        let a = answer(200, &json!({"access_token": "t"}));
        let Step::Done(keys) = step(&mut l, Said::Answer(&token, &a)).unwrap() else { panic!() };
        assert_eq!((keys.get("token"), keys.get("verifier")), (Some("t"), None));
        assert!(step(&mut l, Said::Answer(&token, &answer(200, &json!({})))).is_err());
    }
}
