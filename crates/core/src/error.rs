//! Who must act when something went wrong.

/// What kind of error it is: what a program decides by, such as the exit code of
/// a command or the status of a call. The message of the error is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    // The caller must act.
    /// An argument has a value that cannot be used, whatever the catalog holds.
    Argument,
    /// A file or stream given as input cannot be read as what it should be.
    Input,
    /// The catalog is not in the state that the operation needs: no label yet,
    /// too few products, opened for reading only.
    Precondition,
    /// What was stored and what was given do not belong together: another
    /// embedder's vectors, a format of a newer version.
    Incompatible,
    /// There is no such catalog, product, category or model.
    NotFound,
    /// What is to be made is there already.
    AlreadyExists,
    /// The work was stopped from outside; what was committed stays.
    Interrupted,

    // The operator must act, or the caller later.
    /// Somebody else works on it: try again later.
    Busy,
    /// The file system refused: a full disk, missing permission, a failed read.
    Storage,
    /// What is stored is damaged, or a part of it is lost.
    Damaged,
    /// The embedder could not be opened or run.
    Embedder,

    // The authors must act.
    /// The program is at fault.
    Internal,
}
