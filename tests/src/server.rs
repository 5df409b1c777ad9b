//! A real server process: the built `papertape` binary on a free port of this machine.
//!
//! Owns the process and the data folder. Dropping it kills the process. It never waits by a fixed
//! time: it asks for readiness until the answer comes or the patience is over.

use anyhow::{Context, Result, bail, ensure};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a start or a stop may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two questions for readiness.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Names the binary to test; absent, the tests build it and use that.
const BINARY_VARIABLE: &str = "PAPERTAPE_BIN";

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Flags after `serve --listen ... --data-dir ...`.
    pub flags: Vec<String>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Where the server keeps its data, when not in a folder that goes away with it.
    pub data_dir: Option<PathBuf>,
}

impl Setup {
    /// With these flags.
    #[must_use]
    pub fn with<S: Into<String>>(flags: impl IntoIterator<Item = S>) -> Self {
        let flags = flags.into_iter().map(Into::into).collect();
        Self { flags, environment: Vec::new(), data_dir: None }
    }
}

/// A running server and its data folder.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    address: SocketAddr,
    process: Option<Child>,
    data: tempfile::TempDir,
}

impl Server {
    /// Starts a server with an empty data folder and waits until it is ready.
    ///
    /// # Errors
    /// When the binary cannot be built or started, or does not become ready in time.
    pub async fn start(setup: Setup) -> Result<Self> {
        let data = tempfile::tempdir().context("cannot make a data folder")?;
        let address = free_address()?;
        let mut server = Self { setup, address, process: None, data };
        server.restart().await?;
        Ok(server)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The start of every path, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The WebSocket address.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// The process's number while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Starts the stopped process again, on the same address and data, and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started or does not become ready in time.
    pub async fn restart(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the server runs already");
        self.process = Some(self.spawn()?);
        let begun = Instant::now();
        let probe = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let url = format!("{}/readyz", self.url());
        loop {
            if let Ok(answer) = probe.get(&url).send().await
                && answer.status() == 200
            {
                return Ok(());
            }
            if let Some(status) = self.process.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended with {status} before it was ready; it wrote:\n{}", self.log());
            }
            ensure!(begun.elapsed() < PATIENCE, "the server is not ready after {PATIENCE:?}:\n{}", self.log());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Ends the process at once, as a power cut would end it for the program.
    ///
    /// # Errors
    /// When there is no process or it cannot be ended.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the server does not run")?;
        process.kill().context("cannot kill the server")?;
        process.wait().context("cannot await the server's end")?;
        Ok(())
    }

    /// Asks the process to drain and waits for its end.
    ///
    /// # Errors
    /// When it cannot be asked, or does not end in time.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        let mut process = self.process.take().context("the server does not run")?;
        let id = process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().context("cannot run kill")?;
        ensure!(asked.success(), "cannot send SIGTERM to {id}");
        let begun = Instant::now();
        loop {
            if let Some(status) = process.try_wait()? {
                return Ok(status);
            }
            if begun.elapsed() > PATIENCE {
                process.kill()?;
                bail!("the server did not end {PATIENCE:?} after SIGTERM:\n{}", self.log());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// What the server wrote so far: the last lines.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().join("server.log")
    }

    fn spawn(&self) -> Result<Child> {
        let log = std::fs::File::options().create(true).append(true).open(self.log_path())?;
        let data = self.setup.data_dir.clone().unwrap_or_else(|| self.data.path().join("data"));
        std::fs::create_dir_all(&data)?;
        Command::new(binary()?)
            .args(["serve", "--listen", &self.address.to_string()])
            .arg("--data-dir")
            .arg(data)
            .args(&self.setup.flags)
            .envs(self.setup.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // The process may have ended by itself; then there is nothing to end.
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            eprintln!("the server wrote at last:\n{}", self.log());
        }
    }
}

/// An address of this machine that nobody listens on now.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").context("cannot take a free port")?.local_addr()?)
}

/// The server's binary: the named one, or the one built with the profile of this test.
///
/// # Errors
/// When it cannot be built.
pub fn binary() -> Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = BINARY.get_or_init(|| find_binary().map_err(|error| format!("{error:#}")));
    found.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn find_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(BINARY_VARIABLE) {
        let path = PathBuf::from(path);
        ensure!(path.is_file(), "{BINARY_VARIABLE} names {}, which is not there", path.display());
        return Ok(path);
    }
    // This test lies in TARGET/PROFILE/deps.
    let test = std::env::current_exe()?;
    let profile_folder = test.ancestors().nth(2).context("a test binary lies two folders deep")?;
    let target = profile_folder.parent().context("a profile's folder lies in the target folder")?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "gateway", "--bin", "papertape", "--target-dir"]).arg(target);
    if profile_folder.ends_with("release") {
        build.arg("--release");
    }
    let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().context("cannot run cargo")?;
    ensure!(status.success(), "the server does not build");
    Ok(profile_folder.join("papertape"))
}
