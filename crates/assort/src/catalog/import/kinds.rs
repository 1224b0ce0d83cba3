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
        let kinds = guesses.filter_map(|(name, guess)| Some((name.clone(), guess.kind_of(name)?)));
        kinds.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(products: &[&[(&str, &str)]]) -> Vec<String> {
        let mut kinds = Kinds::new(AttributeSchema::default());
        for product in products {
            let owned = product.iter();
            let owned = owned.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            kinds.see(&owned.collect::<Vec<_>>());
        }
        let found = kinds.found().into_iter();
        let mut found: Vec<String> = found.map(|(name, kind)| format!("{name} {kind}")).collect();
        found.sort();
        found
    }

    #[test]
    fn values_are_of_their_attributes_wherever_those_stand() {
        let weight = ("weight", "5 kg");
        let day = ("released", "2024-05-31");
        let in_order: &[&[(&str, &str)]] = &[&[day, weight], &[day, weight], &[day, weight]];
        let mixed: &[&[(&str, &str)]] = &[
            &[day, weight],
            &[weight],
            &[],
            &[("a", "b"), weight, weight],
            &[day],
            &[day, ("a", "c")],
        ];
        assert_eq!(found(in_order), ["released date", "weight mass"]);
        assert_eq!(found(mixed), found(in_order));
    }
}
