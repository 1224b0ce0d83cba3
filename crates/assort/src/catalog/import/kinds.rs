//! Which kinds attributes are of, found while products are imported.

use std::collections::HashMap;

use assort_core::{AttributeKind, AttributeSchema, KindGuess};

/// Attributes whose kinds are guessed at most.
const GUESSED: usize = 4096;

/// What attributes can be whose kind is not known.
pub(super) struct Kinds {
    /// Kinds that are known.
    schema: AttributeSchema,
    /// What the others can be, in the order in which they came.
    guesses: Vec<(String, KindGuess)>,
    /// Places of those by name; none of an attribute whose kind is known.
    places: HashMap<String, Option<usize>>,
    /// The names of the attributes of the product before, with those places.
    before: Vec<(String, Option<usize>)>,
}

impl Kinds {
    pub(super) fn new(schema: AttributeSchema) -> Self {
        Self {
            schema,
            guesses: Vec::new(),
            places: HashMap::new(),
            before: Vec::new(),
        }
    }

    /// Looks at the attributes of a product.
    pub(super) fn see(&mut self, attributes: &[(String, String)]) {
        for (at, (name, value)) in attributes.iter().enumerate() {
            if let Some(place) = self.place_at(at, name) {
                self.guesses[place].1.see(value);
            }
        }
    }

    /// The place of a name that is the attribute at `at` of its product, as it mostly was
    /// in the product before.
    fn place_at(&mut self, at: usize, name: &str) -> Option<usize> {
        if let Some((_, place)) = self.before.get(at).filter(|(before, _)| before == name) {
            return *place;
        }
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => self.place(name),
        };
        if at == self.before.len() {
            self.before.push((String::new(), None));
        }
        if let Some((before, its_place)) = self.before.get_mut(at) {
            before.clear();
            before.push_str(name);
            *its_place = place;
        }
        place
    }

    fn place(&mut self, name: &str) -> Option<usize> {
        if self.places.len() >= GUESSED {
            return None;
        }
        let is_known = self.schema.get(name).is_some();
        let place = (!is_known).then_some(self.guesses.len());
        self.places.insert(name.to_owned(), place);
        if place.is_some() {
            self.guesses.push((name.to_owned(), KindGuess::default()));
        }
        place
    }

    /// The kinds that were found.
    pub(super) fn found(&self) -> Vec<(String, AttributeKind)> {
        let guesses = self.guesses.iter();
        let kinds = guesses.filter_map(|(name, guess)| Some((name.clone(), guess.kind()?)));
        kinds.collect()
    }
}
