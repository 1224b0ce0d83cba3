//! Arguments of the commands that copy catalogs.

#[cfg(feature = "object-store")]
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::shared::{EmbedderArgs, duration};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort backup shop /mnt/backups/shop\n  assort restore /mnt/backups/shop shop-again\n  assort backup shop s3://backups/shop\n\nSearches, imports and a running server go on meanwhile. A backup is a directory that opens as a catalog, for reading only; the same command brings it up to date, by what is new. On the same file system it shares files that never change with the catalog, which takes little space: a backup against the loss of a disk belongs on another one. Models that the embedder is read from are not part of it.\n\nAn object store is named as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER. Keys come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT, GOOGLE_SERVICE_ACCOUNT, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY."
)]
pub(crate) struct Backup {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Directory to make, or an earlier backup of the catalog; or the same in an
    /// object store, such as s3://BUCKET/PREFIX
    pub(crate) to: PathBuf,

    /// Copy every file, also where the catalog's own could be shared by hard links
    #[arg(long)]
    pub(crate) no_links: bool,

    /// Read what an earlier backup has, and replace what does not match its
    /// checksum; to an object store, send all files again
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort pack shop\n  assort pack shop -o /models/shop.pack\n  assort classify shop.pack new.csv\n\nThe file holds the taxonomy, what was learned, the vectors of labelled products, and the catalog's student if it has one; products without a label and pictures stay behind. It never changes, and what it files depends on the product and the options alone: give it to as many processes and machines as there are. Output of `classify` names its digest."
)]
pub(crate) struct Pack {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// The file to write [default: DIR.pack]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort restore /mnt/backups/shop shop-again\n  assort restore s3://backups/shop shop-again\n  assort restore s3://shops/all all\n\nOf a sharded catalog, which jobs on many machines have made, the last version becomes one catalog, without making vectors or the index anew. Every file is held against its checksum. The directory becomes a catalog in the last step; a run that was stopped goes on when it is run again."
)]
pub(crate) struct Restore {
    /// A backup or a replica, in a folder or an object store, or a sharded catalog there
    pub(crate) from: PathBuf,

    /// Directory to make the catalog in
    pub(crate) dir: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort replicate /mnt/backups/shop shop-replica\n  assort replicate http://10.0.0.7:50051/catalogs/shop shop-replica --every 30\n  assort replicate s3://backups/shop shop-replica --every 300\n  assort serve shop-replica --read-only\n\nFiles that have come are not fetched again, and one that has come in part goes on where it ended. Readers and servers of the replica see the new commit at once when all of it is there, and miss no answer."
)]
pub(crate) struct Replicate {
    /// Where the catalog is: a backup or replica in a folder, a backup in an object
    /// store as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or
    /// file:///FOLDER, or a catalog of a server as http://HOST:PORT/catalogs/NAME, or with https
    pub(crate) from: String,

    /// Directory to make, or an earlier replica of the catalog
    pub(crate) dir: PathBuf,

    /// Go on, and look for something new every so many seconds, or every 5m or 1h
    #[arg(long, value_name = "SECONDS", value_parser = duration)]
    pub(crate) every: Option<Duration>,

    /// Read what is there already, and fetch what does not match its checksum
    #[arg(long)]
    pub(crate) verify: bool,
}

#[cfg(feature = "object-store")]
#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort gc s3://shops/all\n  assort gc s3://shops/all --keep 5 --older-than 3d\n\nA job that makes a sharded catalog sends shards first and names them in a version at its end. Tasks that were killed, beaten by others or tried again leave shards that no version names, and versions before the last ones keep theirs. A job that has not ended yet has named none of its own: --older-than must be longer than jobs take."
)]
pub(crate) struct Gc {
    /// The sharded catalog, as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX
    /// or file:///FOLDER
    #[arg(value_name = "URL")]
    pub(crate) catalog: String,

    /// Versions that stay, the last ones
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub(crate) keep: NonZeroUsize,

    /// What is younger stays, such as 12h or 3d
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1d")]
    pub(crate) older_than: Duration,
}
