//! Arguments of `assort pictures`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort pictures shop --images images/ --embedder dir:models/efficientnet-lite0\n  assort pictures shop --images images.tar\n  assort pictures shop --allow-urls\n\nEmbeds the pictures that products name and that have no vector yet. Paths are relative to --images, and nothing outside of it is read. A picture that cannot be used goes to DIR/pictures-rejects.csv, and the exit code is 3. Labelled products with pictures then teach what others are; search by pictures with `assort search --image` and `--like ID --by picture`."
)]
pub(crate) struct Pictures {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) place: PicturePlace,

    /// A model of pictures: dir:PATH with a model.onnx; another one than before embeds all
    /// pictures anew [default: the one that was used before]
    #[arg(long, value_name = "SPEC")]
    pub(crate) embedder: Option<String>,

    /// Where pictures that cannot be used are listed [default: DIR/pictures-rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

/// Where pictures are, and how large they may be.
#[derive(Args, Clone, Default)]
pub(crate) struct PicturePlace {
    /// Folder or tar archive that paths of pictures are relative to
    #[arg(long, value_name = "PATH")]
    pub(crate) images: Option<PathBuf>,

    /// Fetch pictures whose addresses are on the web
    #[cfg(feature = "urls")]
    #[arg(long)]
    pub(crate) allow_urls: bool,

    /// Bytes that the file of a picture may have
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_bytes: Option<u64>,

    /// Pixels that a picture may have
    #[arg(long, value_name = "PIXELS")]
    pub(crate) max_pixels: Option<u64>,
}

impl PicturePlace {
    /// Whether addresses on the web are fetched.
    pub(crate) fn fetches(&self) -> bool {
        #[cfg(feature = "urls")]
        return self.allow_urls;
        #[cfg(not(feature = "urls"))]
        false
    }

    /// An option that was given, if any was.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--allow-urls", self.fetches()),
            ("--images", self.images.is_some()),
            ("--max-bytes", self.max_bytes.is_some()),
            ("--max-pixels", self.max_pixels.is_some()),
        ];
        let mut given = given.into_iter().filter(|(_, given)| *given);
        given.next().map(|(option, _)| option)
    }
}
