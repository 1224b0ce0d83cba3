//! Where evidence comes from.

/// A source of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Vectors of what the taxonomy says of its categories, and what was learned of
    /// that.
    Prototypes,
    /// The words that a product shares with a category's.
    Lexical,
    /// Labelled products near the one to be filed.
    Neighbors,
    /// A head that learned from the products the two first sources are surest of.
    SelfTrained,
    /// A head that learned from labels.
    Head,
    /// The picture, by what pictures of labelled products look like.
    Pictures,
    /// What a source called the product's category, by the words of that name, by what
    /// its products are, and by their labels.
    SourceCategory,
}

impl Source {
    /// Number of sources.
    pub const COUNT: usize = 7;

    /// All sources.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Prototypes,
        Self::Lexical,
        Self::Neighbors,
        Self::SelfTrained,
        Self::Head,
        Self::Pictures,
        Self::SourceCategory,
    ];

    /// Whether it judges by the vector of a product's text; the others read its words alone,
    /// or look at its picture.
    pub fn needs_vector(self) -> bool {
        matches!(self, Self::Prototypes | Self::Neighbors)
    }

    /// The source's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prototypes => "prototypes",
            Self::Lexical => "lexical",
            Self::Neighbors => "neighbors",
            Self::SelfTrained => "self-trained",
            Self::Head => "head",
            Self::Pictures => "pictures",
            Self::SourceCategory => "source-category",
        }
    }
}
