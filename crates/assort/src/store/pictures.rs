//! The space of pictures, which stands beside that of texts: its vectors are in tables and
//! segments of its own generation.

use assort_core::text_hash;

use super::codec;
use super::read::Reader;
use super::records::{ProductRecord, SpaceRecord};
use super::tables::{
    FORMAT, KEY_PICTURE_SPACE, KEY_PICTURES, SealedTable, VectorTable, sealed_name, vectors_name,
};
use super::write::Writer;
use crate::Result;

/// The first generation of spaces of pictures; those of texts are below.
const FIRST_GENERATION: u32 = 1 << 31;

/// Digest by which it is known which picture a vector was made of: of its reference.
pub(crate) fn picture_hash(reference: &str) -> u128 {
    text_hash(reference)
}

impl Reader<'_> {
    /// The space of pictures, if there is one.
    pub(crate) fn picture_space(&self) -> Result<Option<SpaceRecord>> {
        self.meta(KEY_PICTURE_SPACE, codec::decode::<SpaceRecord>)
    }

    /// Version of the commit that last changed vectors of pictures.
    pub(crate) fn pictures_version(&self) -> Result<u64> {
        let version = self.meta(KEY_PICTURES, |bytes| {
            let version = bytes.try_into().map(u64::from_le_bytes);
            version.map_err(|_| "is not a number".to_owned().into())
        })?;
        Ok(version.unwrap_or(0))
    }
}

impl Writer<'_> {
    /// Makes the space of pictures that of a model, in the place of one of before, whose
    /// vectors go; the files of its segments are to be removed afterwards.
    pub(crate) fn set_picture_space(
        &mut self,
        space: &assort_core::Space,
        spec: &str,
    ) -> Result<()> {
        self.raise_format(FORMAT)?;
        let old = self.space_of(KEY_PICTURE_SPACE)?;
        if let Some(old) = &old {
            self.drop_segments_of(old)?;
            let vectors = vectors_name(old.generation);
            self.delete_table(VectorTable::new(&vectors))?;
        }
        let generation = old.map_or(FIRST_GENERATION, |old| old.generation.saturating_add(1));
        let bytes = self.encoded(codec::encode(&SpaceRecord::new(generation, space, spec)))?;
        self.pictures_changed = true;
        self.set_meta(KEY_PICTURE_SPACE, &bytes)
    }

    /// Keeps another way to open the embedder of the space of pictures.
    pub(crate) fn set_picture_embedder(&mut self, spec: &str) -> Result<()> {
        let Some(mut space) = self.space_of(KEY_PICTURE_SPACE)? else {
            return Ok(());
        };
        spec.clone_into(&mut space.embedder);
        let bytes = self.encoded(codec::encode(&space))?;
        self.set_meta(KEY_PICTURE_SPACE, &bytes)
    }

    /// Stores vectors of the pictures of rows, each with the digest of its reference.
    pub(crate) fn put_pictures(
        &mut self,
        space: &SpaceRecord,
        vectors: &[(u32, u128, Vec<f32>)],
    ) -> Result<()> {
        self.pictures_changed |= !vectors.is_empty();
        self.count_changed_vectors(vectors.len() as u64);
        self.put_vectors(space, vectors)
    }

    /// Forgets the vector of a row's picture.
    pub(super) fn remove_picture(&mut self, row: u32) -> Result<()> {
        let Some(space) = self.space_of(KEY_PICTURE_SPACE)? else {
            return Ok(());
        };
        let name = vectors_name(space.generation);
        let was_live = self.with(VectorTable::new(&name), |table| {
            Ok(table.remove(row)?.is_some())
        })?;
        self.pictures_changed |= was_live || self.text_hash(&space, row)?.is_some();
        self.unseal(&space, &[row])
    }

    /// Forgets the vectors of pictures that products do not have any more.
    pub(super) fn forget_other_pictures<'p>(
        &mut self,
        products: impl Iterator<Item = (&'p ProductRecord, u32)>,
    ) -> Result<()> {
        let Some(space) = self.space_of(KEY_PICTURE_SPACE)? else {
            return Ok(());
        };
        for (product, row) in products {
            let known = self.text_hash(&space, row)?;
            let own = product.image.as_deref().map(picture_hash);
            if known.is_some() && known != own {
                self.remove_picture(row)?;
            }
        }
        Ok(())
    }

    /// Forgets segments of pictures with the vectors in them; their files are to be removed
    /// afterwards.
    pub(crate) fn forget_picture_segments(
        &mut self,
        space: &SpaceRecord,
        numbers: &[u32],
    ) -> Result<()> {
        let name = sealed_name(space.generation);
        self.with(SealedTable::new(&name), |table| {
            table.retain(|_, place| {
                let place = codec::decode_sealed(place);
                place.is_ok_and(|place| !numbers.contains(&place.segment))
            })
        })?;
        self.pictures_changed = true;
        self.drop_segments(numbers)
    }

    /// Notes that vectors of a space have changed their place, if it is that of pictures.
    pub(super) fn note_pictures(&mut self, space: &SpaceRecord) -> Result<()> {
        let pictures = self.space_of(KEY_PICTURE_SPACE)?;
        self.pictures_changed |= pictures.is_some_and(|pictures| pictures.has_vectors_of(space));
        Ok(())
    }

    /// Keeps that this commit changed vectors of pictures.
    pub(super) fn keep_pictures_changed(&mut self, version: u64) -> Result<()> {
        match self.pictures_changed {
            true => self.set_meta(KEY_PICTURES, &version.to_le_bytes()),
            false => Ok(()),
        }
    }
}
