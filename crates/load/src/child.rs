//! A server process of the test's own, on a directory that goes with it.
//!
//! Dropping it kills the process and removes the directory. It writes its log there; what it wrote
//! last is told when it does not start.

use crate::run::LoadError;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(60);
/// How long an orderly end may take.
const END_MAX: Duration = Duration::from_secs(20);
const POLL_EVERY: Duration = Duration::from_millis(20);

/// See the module.
#[derive(Debug)]
pub struct Child {
    address: SocketAddr,
    process: Process,
    directory: tempfile::TempDir,
}

/// An empty directory for a server, removed when it is dropped.
///
/// # Errors
/// When there is no place for it.
pub fn data_directory() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("papertape-load-").tempdir()
}

impl Child {
    /// Starts `binary serve` with these flags on a free port and waits until it answers.
    ///
    /// # Errors
    /// When it does not start, or ends before it is ready.
    pub async fn start(binary: &Path, flags: &[String]) -> Result<Self, LoadError> {
        let directory = data_directory()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = std::fs::File::create(directory.path().join("server.log"))?;
        let process = Command::new(binary)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(directory.path().join("data"))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| LoadError::Server(format!("{} cannot be started: {error}", binary.display())))?;
        let mut child = Self { address, process, directory };
        let begun = Instant::now();
        loop {
            if let Ok(mut connection) = crate::http::Connection::open(address).await
                && connection.send("GET", "/healthz", "", b"").await.is_ok_and(|answer| answer.status == 200)
            {
                return Ok(child);
            }
            if child.process.try_wait()?.is_some() || begun.elapsed() > START_MAX {
                return Err(LoadError::Server(format!("it did not start; it wrote:\n{}", child.log())));
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process's number.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The last lines that it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.directory.path().join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn stop(mut self) -> Result<(), LoadError> {
        Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status()?;
        let begun = Instant::now();
        while self.process.try_wait()?.is_none() && begun.elapsed() < END_MAX {
            tokio::time::sleep(POLL_EVERY).await;
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Memory of a process that is in use, in bytes; `None` where the system does not say.
#[must_use]
pub fn resident_bytes(process_id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}
