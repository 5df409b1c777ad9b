//! Who the load comes from: users, their tokens and portfolios, made for the test.

use crate::http::Connection;
use crate::run::LoadError;
use serde_json::{Value, json};
use std::net::SocketAddr;

const PASSWORD: &str = "correct horse battery staple";
/// What each portfolio begins with: enough for any run.
const BALANCE: &str = "1000000000";

/// A user of the test.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) token: String,
    pub(crate) portfolios: Vec<String>,
}

/// Registers users and opens their portfolios. Names carry `mark`, so that a second test against one
/// server finds them free.
pub(crate) async fn users(
    address: SocketAddr,
    mark: &str,
    (count, portfolios): (usize, usize),
) -> Result<Vec<User>, LoadError> {
    let mut connection = Connection::open(address).await?;
    let mut users = Vec::with_capacity(count);
    for index in 0..count.max(1) {
        let credentials = json!({"username": format!("load-{mark}-{index}"), "password": PASSWORD});
        ask(&mut connection, ("POST", "/api/users/register/", ""), Some(&credentials), 201).await?;
        let tokens = ask(&mut connection, ("POST", "/api/token/", ""), Some(&credentials), 200).await?;
        let token = text(&tokens, "access");
        let mut user = User { token, portfolios: Vec::with_capacity(portfolios) };
        for place in 0..portfolios.max(1) {
            let wish = json!({"name": format!("load {place}"), "starting_balance": BALANCE});
            let request = ("POST", "/api/paper/portfolios/", user.token.as_str());
            let opened = ask(&mut connection, request, Some(&wish), 201).await?;
            user.portfolios.push(text(&opened, "id"));
        }
        users.push(user);
    }
    Ok(users)
}

/// Waits until every instrument has a quote, which also makes the server follow it.
pub(crate) async fn quoted(address: SocketAddr, token: &str, symbols: &[String]) -> Result<(), LoadError> {
    let mut connection = Connection::open(address).await?;
    for symbol in symbols {
        let path = format!("/api/market/quote/?symbol={symbol}");
        let begun = std::time::Instant::now();
        loop {
            let answer = connection.send("GET", &path, token, b"").await?;
            let quote: Value = serde_json::from_slice(answer.body).unwrap_or_default();
            if answer.status == 200 && quote["bid"].is_string() {
                break;
            }
            if begun.elapsed() > std::time::Duration::from_secs(30) {
                return Err(LoadError::Server(format!("it has no quote of {symbol} after 30 s: {quote}")));
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

async fn ask(
    connection: &mut Connection,
    (method, path, token): (&str, &str, &str),
    body: Option<&Value>,
    status: u16,
) -> Result<Value, LoadError> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let answer = connection.send(method, path, token, body.as_bytes()).await?;
    if answer.status != status {
        let words = String::from_utf8_lossy(answer.body);
        return Err(LoadError::Server(format!("{method} {path} was answered by {}: {words}", answer.status)));
    }
    serde_json::from_slice(answer.body)
        .map_err(|error| LoadError::Server(format!("{method} {path} was answered by no JSON: {error}")))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}
