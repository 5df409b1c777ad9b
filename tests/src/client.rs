//! A client of the REST interface, as a bot would write one.
//!
//! Replies come back with their status; nothing here decides what is right. Money stays text until
//! [`crate::fixed`] reads it.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than any answer takes, even while the machine is busy.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Rows of a page.
const PAGE_ROWS: usize = 500;

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The content type, or nothing.
    pub content_type: String,
    /// Whether the header says that this was a repeated submission.
    pub replayed: bool,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Reply {
    /// A member of the body as text, or nothing.
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }
}

/// A signed-in client.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    /// A client that nobody has signed in yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn anonymous(url: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).pool_max_idle_per_host(256).build()?;
        Ok(Self { http, url: url.to_owned(), token: String::new() })
    }

    /// Registers a user and signs in.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn register(url: &str, username: &str) -> Result<Self> {
        let client = Self::anonymous(url)?;
        let credentials = json!({"username": username, "password": "correct horse battery staple"});
        let registered = client.post("/api/users/register/", &credentials).await?;
        ensure!(registered.status == 201, "registration answered {registered:?}");
        client.signed_in(&credentials).await
    }

    async fn signed_in(mut self, credentials: &Value) -> Result<Self> {
        let tokens = self.post("/api/token/", credentials).await?;
        ensure!(tokens.status == 200, "sign-in answered {tokens:?}");
        self.token = tokens.text("access").to_owned();
        ensure!(!self.token.is_empty(), "sign-in gave no access token: {tokens:?}");
        Ok(self)
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same user with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Sends a request with a raw body.
    ///
    /// # Errors
    /// When no answer comes: the connection failed or ended.
    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Result<Reply> {
        let method = Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !content_type.is_empty() {
            request = request.header("content-type", content_type).body(body);
        }
        let answer = request.send().await?;
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (status, content_type) = (answer.status(), header("content-type"));
        let replayed = header("idempotent-replayed") == "true";
        let bytes = answer.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status: StatusCode::as_u16(&status), content_type, replayed, body })
    }

    /// Gets.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.send("GET", path, "", Vec::new()).await
    }

    /// Gets the body as text.
    ///
    /// # Errors
    /// When no answer comes or it is not a success.
    pub async fn get_text(&self, path: &str) -> Result<String> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        Ok(request.send().await?.error_for_status()?.text().await?)
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply> {
        self.send("POST", path, "application/json", body.to_string().into_bytes()).await
    }

    /// Patches with JSON.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Reply> {
        self.send("PATCH", path, "application/json", body.to_string().into_bytes()).await
    }

    /// Deletes.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn delete(&self, path: &str) -> Result<Reply> {
        self.send("DELETE", path, "", Vec::new()).await
    }

    /// Every row of a paged list.
    ///
    /// # Errors
    /// When a page is refused or does not come.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{separator}limit={PAGE_ROWS}{cursor}")).await?;
            ensure!(page.status == 200, "{path} answered {page:?}");
            rows.extend(page.body["results"].as_array().context("a list has results")?.iter().cloned());
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(rows),
            }
        }
    }

    /// Opens a portfolio; the answer is its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn open_portfolio(&self, name: &str, balance: &str) -> Result<String> {
        let wish = json!({"name": name, "starting_balance": balance});
        let reply = self.post("/api/paper/portfolios/", &wish).await?;
        ensure!(reply.status == 201, "opening a portfolio answered {reply:?}");
        Ok(reply.text("id").to_owned())
    }
}
