//! Arguments that name a server.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Args;

/// The server whose catalogs commands are for.
#[derive(Args)]
#[command(next_help_heading = "On a server")]
pub(crate) struct ServerArgs {
    /// Do the command on a server, such as http://127.0.0.1:50051; DIR is then the
    /// name of a catalog that it serves
    #[arg(
        long = "server",
        global = true,
        value_name = "URL",
        env = "ASSORT_SERVER"
    )]
    pub(crate) url: Option<String>,

    /// File with the key to bring [default: ASSORT_KEY of the environment]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// Certificates that the server's must rest on, in PEM [default: what the
    /// system trusts]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Certificate of your own, in PEM, for servers that ask for one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) own_certificate: Option<PathBuf>,

    /// Private key of that certificate, in PEM
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) own_private_key: Option<PathBuf>,

    /// Seconds that each call may take; long work and streams apart
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(crate) timeout: Option<NonZeroU64>,
}

impl ServerArgs {
    /// The address of the server, if the command is for one.
    pub(crate) fn url(&self) -> Option<&str> {
        // An empty variable names none.
        self.url.as_deref().filter(|url| !url.is_empty())
    }

    /// An option that was given, and says how to come to a server.
    pub(crate) fn for_servers(&self) -> Option<&'static str> {
        let given = [
            ("--key-file", self.key_file.is_some()),
            ("--ca", self.ca.is_some()),
            ("--own-certificate", self.own_certificate.is_some()),
            ("--own-private-key", self.own_private_key.is_some()),
            ("--timeout", self.timeout.is_some()),
        ];
        let mut given = given.into_iter().filter(|(_, given)| *given);
        given.next().map(|(option, _)| option)
    }
}
