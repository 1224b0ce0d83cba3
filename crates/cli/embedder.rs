//! From the embedder arguments to an open embedder.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "serve")]
use assort::core::EmbedError;
#[cfg(feature = "pictures")]
use assort::core::Modality;
use assort::core::{Embedder, Taxonomy};
use assort::students::{StaticEmbedding, StudentCard, Teacher};
use assort::{Catalog, Pack};
use assort_embed::{Error, Languages, Options, Prompts, Spec, StoredSpec, describe, reopen_packed};
#[cfg(feature = "pictures")]
use assort_pictures::{Limits, Pictures};

#[cfg(feature = "pictures")]
use crate::args::PicturePlace;
use crate::args::{EmbedderArgs, Global, Teaching};
use crate::failure::Failure;
use crate::hints;
use crate::progress::Console;
use crate::script::Script;
use crate::text::count;

/// An embedder and what the catalog keeps of it.
pub(crate) struct Opened {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) spec: String,
    /// What stands before texts, if anything does.
    pub(crate) prompts: Option<Prompts>,
}

/// Opens the embedder the arguments name, `bundled` if they name none.
pub(crate) fn open(args: &EmbedderArgs, global: &Global) -> Result<Opened, Failure> {
    let options = options(global);
    let stored = named(args)?;
    Ok(Opened {
        embedder: stored.open_model(&options)?,
        prompts: Some(assort_embed::prompts(&stored.spec)?)
            .filter(|prompts| *prompts != Prompts::None),
        spec: stored.to_string(),
    })
}

/// What is to be said of the embedder the arguments name, if it hardly reads what the
/// taxonomy is written in, or if another is known to file it better.
pub(crate) fn advice(
    args: &EmbedderArgs,
    taxonomy: &Taxonomy,
    global: &Global,
) -> Result<Option<String>, Failure> {
    let Some(script) = Script::of(taxonomy.categories().iter().map(|one| &*one.name)) else {
        return Ok(None);
    };
    let spec = named(args)?.spec;
    let languages = describe(&spec, global.cache.as_deref())?.languages;
    Ok(match (languages, script) {
        (Some(Languages::English), _) => Some(hints::embedder_cannot_read(&spec, script)),
        (Some(Languages::Chinese), script) if script != Script::Han => {
            Some(hints::embedder_cannot_read(&spec, script))
        }
        // What was measured: docs/embedders.md.
        (_, Script::Han) if spec == Spec::Bundled => Some(hints::a_model_files_better()),
        _ => None,
    })
}

/// Opens a catalog's own embedder, or the one the arguments name, which must
/// be of the catalog's space.
pub(crate) fn of_catalog(
    catalog: Catalog,
    args: &EmbedderArgs,
    global: &Global,
) -> Result<Catalog, Failure> {
    if args.embedder.is_some() {
        return Ok(catalog.with_embedder(open(args, global)?.embedder)?);
    }
    let stored = stored(&catalog)?;
    let directory = catalog.directory().to_owned();
    let opened = stored.open(&directory, &options(global));
    let embedder = opened.map_err(|error| explained(error, &stored, &directory))?;
    catalog.with_embedder(embedder).map_err(|error| {
        let told = hints::told_of_changed_embedder(&error, &stored, &directory);
        Failure::of(error.kind(), told)
    })
}

/// Opens the embedder that a pack names, or the one that the arguments name, which must be
/// of the pack's space.
pub(crate) fn of_pack(pack: Pack, args: &EmbedderArgs, global: &Global) -> Result<Pack, Failure> {
    let embedder = match &args.embedder {
        Some(_) => open(args, global)?.embedder,
        None => {
            let (spec, space) = (pack.embedder_spec(), pack.space());
            reopen_packed(spec, pack.student(), &space, &options(global))?
        }
    };
    Ok(pack.with_embedder(embedder)?)
}

/// The embedder of pictures that is named, or that the catalog's pictures were embedded by.
#[cfg(feature = "pictures")]
pub(crate) fn of_pictures(catalog: &Catalog, named: Option<&str>) -> Result<StoredSpec, Failure> {
    let directory = catalog.directory();
    match (named, catalog.picture_space()?) {
        (Some(spec), _) => Ok(StoredSpec::new(&spec.parse()?, &Options::default())),
        (None, Some((space, text))) => Ok(StoredSpec::of_catalog(&text, directory, &space)?),
        (None, None) => Err(Failure::Usage(hints::pictures::not_embedded(directory))),
    }
}

/// Opens an embedder of the pictures of the catalog in `directory`.
#[cfg(feature = "pictures")]
pub(crate) fn open_for_pictures(
    stored: &StoredSpec,
    directory: &Path,
    global: &Global,
) -> Result<Arc<dyn Embedder>, Failure> {
    let opened = stored.open_model(&options(global));
    let embedder = opened.map_err(|error| {
        let told = hints::pictures::told_of_embedder(&error, stored, directory);
        Failure::of(error.kind(), told)
    })?;
    match embedder.reads(Modality::Image) {
        true => Ok(embedder),
        false => Err(Failure::Usage(hints::pictures::reads_none(&stored.spec))),
    }
}

/// What opens the pictures that are named, where they are said to be.
#[cfg(feature = "pictures")]
pub(crate) fn pictures(place: &PicturePlace) -> Result<Pictures, Failure> {
    let opened = match &place.images {
        Some(path) => Pictures::at(path),
        None => Ok(Pictures::default()),
    };
    let opened = opened.map_err(|error| Failure::Failed(error.to_string()))?;
    let mut limits = Limits::default();
    if let Some(bytes) = place.max_bytes {
        limits = limits.with_bytes(bytes);
    }
    if let Some(pixels) = place.max_pixels {
        limits = limits.with_pixels(pixels);
    }
    let opened = opened.with_limits(limits);
    #[cfg(feature = "urls")]
    let opened = match place.allow_urls {
        true => opened.with_urls(assort_pictures::Urls::default()),
        false => opened,
    };
    Ok(opened)
}

/// Lets a catalog open pictures that it has no vector of, if it has vectors of any. Its
/// embedder of pictures is opened with the first of them.
#[cfg(feature = "pictures")]
pub(crate) fn with_pictures(
    catalog: Catalog,
    place: &PicturePlace,
    global: &Global,
) -> Result<Catalog, Failure> {
    let Some((space, _)) = catalog.picture_space()? else {
        return match place.given() {
            Some(_) => Err(Failure::Usage(hints::pictures::not_embedded(
                catalog.directory(),
            ))),
            None => Ok(catalog),
        };
    };
    let source = Arc::new(pictures(place)?);
    let embedder = of_pictures(&catalog, None)?.open_later(&space, &options(global));
    let catalog = catalog.with_picture_embedder(embedder)?;
    Ok(catalog.with_picture_source(source))
}

/// What is known of the catalog's student, if it is on one.
pub(crate) fn student_card(catalog: &Catalog) -> Option<StudentCard> {
    let stored = stored(catalog).ok()?;
    let student = stored.open_student(catalog.directory()).ok()??;
    Some(student.card())
}

/// Opens the teacher: the embedder the arguments name, or the catalog's own, or
/// the one that its student had.
pub(crate) fn teacher(
    catalog: &Catalog,
    args: &EmbedderArgs,
    global: &Global,
) -> Result<Teacher, Failure> {
    if args.embedder.is_some() {
        return Ok(named(args)?.teacher(&options(global))?);
    }
    let stored = stored(catalog)?;
    let teacher = stored.teacher(&options(global));
    teacher.map_err(|error| explained(error, &stored, catalog.directory()))
}

/// What opens the teacher of a catalog's next student while it is served.
#[cfg(feature = "serve")]
pub(crate) fn open_teacher(global: &Global) -> assort_server::OpenTeacher {
    let options = options(global);
    Arc::new(move |catalog| {
        let (text, space) = (catalog.embedder_spec()?, catalog.space()?);
        let teacher = assort_embed::reopen_teacher(&text, catalog.directory(), &space, &options);
        teacher.map_err(|error| assort::Error::Embed(EmbedError::new(error.to_string())))
    })
}

/// Opens what a student starts from, and says so.
pub(crate) fn start(
    args: &Teaching,
    console: &Console,
) -> Result<Option<StaticEmbedding>, Failure> {
    let start = match args.start.as_deref() {
        None => assort_embed::usual_start()?,
        Some("none") => None,
        Some(spec) => Some(assort_embed::static_embedding(&spec.parse()?)?),
    };
    match &start {
        Some(embedding) => console.say(&format!(
            "the student starts from the static embedding {} of {} pieces",
            embedding.card().name,
            count(embedding.pieces() as u64)
        )),
        None => console.say("the student starts from nothing"),
    }
    Ok(start)
}

/// Embedders that callers of a server may move catalogs to, by their specs. Each is
/// opened when it is asked for.
#[cfg(feature = "serve")]
pub(crate) fn allowed(
    specs: &[String],
    global: &Global,
) -> Result<assort_server::Embedders, Failure> {
    let mut embedders = assort_server::Embedders::default();
    for text in specs {
        let args = EmbedderArgs {
            embedder: Some(text.clone()),
            ..EmbedderArgs::default()
        };
        let (stored, options) = (named(&args)?, options(global));
        let open: assort_server::OpenEmbedder = Arc::new(move || {
            let opened = stored.open_model(&options);
            let opened = opened.map_err(|error| EmbedError::new(error.to_string()));
            Ok((opened?, stored.to_string()))
        });
        embedders.0.insert(text.clone(), open);
    }
    Ok(embedders)
}

fn stored(catalog: &Catalog) -> Result<StoredSpec, Failure> {
    let text = catalog.embedder_spec()?;
    Ok(StoredSpec::of_catalog(
        &text,
        catalog.directory(),
        &catalog.space()?,
    )?)
}

/// The embedder the arguments name, as a catalog would keep it.
fn named(args: &EmbedderArgs) -> Result<StoredSpec, Failure> {
    let spec: Spec = args.embedder.as_deref().unwrap_or("bundled").parse()?;
    let said = Options::default()
        .with_pooling(args.pooling)
        .with_max_length(args.max_length);
    Ok(StoredSpec::new(&spec, &said))
}

fn options(global: &Global) -> Options {
    Options::default()
        .with_offline(global.offline.unwrap_or_default())
        .with_threads(global.threads.map(Into::into))
        .with_cache(global.cache.clone())
        .with_vector_cache(global.vector_cache.clone())
}

/// Why the catalog's own embedder cannot be opened.
fn explained(error: Error, stored: &StoredSpec, directory: &Path) -> Failure {
    let told = hints::told_of_own_embedder(&error, stored, directory);
    Failure::of(error.kind(), told)
}
