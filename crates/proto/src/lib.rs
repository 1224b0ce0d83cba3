//! The contract of Assort's gRPC service: what `proto/assort/v1` says, as Rust.
//!
//! [`v1`] has the messages, and a client and a server for each service; [`longrunning`]
//! is Google's package for operations, which the contract uses; [`DESCRIPTORS`] is the
//! contract itself, for reflection and for checks. [`names`], [`picture`] and
//! [`attributes`] make and read what the contract writes as text.

pub mod attributes;
pub mod names;
pub mod picture;

/// The encoded `FileDescriptorSet` of the contract with all that it imports,
/// comments included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.binpb"));

pub use assort::v1;
pub use google::longrunning;

// As the generated code names them.
mod assort {
    /// Package `assort.v1`.
    #[expect(
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    pub mod v1 {
        tonic::include_proto!("assort.v1");
    }
}

mod google {
    /// Package `google.longrunning`.
    #[expect(
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        missing_docs,
        rustdoc::broken_intra_doc_links,
        reason = "generated, mostly without the comments of proto/google"
    )]
    pub mod longrunning {
        tonic::include_proto!("google.longrunning");
    }
}
