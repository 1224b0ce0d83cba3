//! The programs that the bench runs: a server, and its clients.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::{Failure, PROGRAM};

/// The program, serving one catalog as `shop`.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(shop: &Path, clients: &Clients) -> Result<Self, Failure> {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .arg(format!("shop={}", shop.display()))
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let address = loop {
            let line = lines.next().ok_or("the server did not start")??;
            if let Some((_, address)) = line.split_once(" on ") {
                break address.to_owned();
            }
        };
        // What it says must be read, or it would wait.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, address };
        // The first one waits until all is learned; without products there is none.
        let _ = clients.load(&server, "classify", Duration::from_secs(1), 1, 1);
        Ok(server)
    }

    /// Bytes of memory that it has in use.
    pub(crate) fn resident(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        Ok(1024.0 * words.ok_or("no VmRSS")?.parse::<f64>()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programs that call a server.
pub(crate) struct Clients {
    load: PathBuf,
    python: PathBuf,
    stubs: PathBuf,
}

impl Clients {
    pub(crate) fn find(place: &Path) -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = std::env::current_exe()?;
        let built = own
            .parent()
            .and_then(Path::parent)
            .ok_or("no target folder")?;
        let load = built.join("examples/load");
        if !load.exists() {
            return Err(
                "build `cargo build --release -p assort-server --example load` first".into(),
            );
        }
        let python = std::env::var_os("ASSORT_PYTHON")
            .map_or_else(|| root.join("target/ci-venv/bin/python"), PathBuf::from);
        let stubs = place.join("stubs");
        let generate = root.join("examples/python/generate.py");
        let made = Command::new(&python).arg(generate).arg(&stubs).status()?;
        if !made.success() {
            return Err("Python with grpcio-tools could not make the stubs".into());
        }
        Ok(Self {
            load,
            python,
            stubs,
        })
    }

    /// What the load generator saw.
    pub(crate) fn load(
        &self,
        server: &Server,
        call: &str,
        lasts: Duration,
        connections: u32,
        in_flight: u32,
    ) -> Result<Value, Failure> {
        let numbers = [connections, in_flight].map(|number| number.to_string());
        self.load_with(server, call, lasts, &numbers)
    }

    pub(crate) fn load_with(
        &self,
        server: &Server,
        call: &str,
        lasts: Duration,
        rest: &[impl AsRef<OsStr>],
    ) -> Result<Value, Failure> {
        let told = Command::new(&self.load)
            .args([&server.address, "shop", call])
            .arg(lasts.as_secs().to_string())
            .args(rest)
            .output()?;
        Ok(serde_json::from_slice(&told.stdout)?)
    }

    /// What Python's client saw.
    pub(crate) fn python(&self, server: &Server, call: &[&str]) -> Result<Value, Failure> {
        let told = self.command(server, call).output()?;
        if !told.status.success() {
            return Err(String::from_utf8_lossy(&told.stderr).into());
        }
        Ok(serde_json::from_slice(&told.stdout)?)
    }

    pub(crate) fn command(&self, server: &Server, call: &[&str]) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(&self.python);
        command
            .arg(root.join("benches/service/client.py"))
            .args([&server.address, "shop"])
            .args(call)
            .env("PYTHONPATH", &self.stubs);
        command
    }
}

/// A number of what a client told.
pub(crate) fn number(told: &Value, at: &str) -> Result<f64, Failure> {
    let number = told.pointer(at).and_then(Value::as_f64);
    number.ok_or_else(|| format!("no {at} in {told}").into())
}
