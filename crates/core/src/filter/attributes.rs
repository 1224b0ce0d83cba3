//! Which attributes an expression looks at.

use super::expr::{Condition, Expr, Field, FilterExpr, Predicate, Term};
use crate::attributes::parse_number;

/// An attribute that an expression looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeUse {
    /// Its name as the expression writes it.
    pub name: String,
    /// Whether its values have to be less or greater than a number, which only numbers
    /// are.
    pub by_number: bool,
    /// Whether its values have to be less or greater than something.
    pub by_order: bool,
}

impl FilterExpr {
    /// The attributes that the expression looks at, each once, in its order.
    pub fn attributes(&self) -> Vec<AttributeUse> {
        let mut uses = Vec::new();
        gather(&self.root, &mut uses);
        uses
    }
}

fn gather(expr: &Expr, uses: &mut Vec<AttributeUse>) {
    match expr {
        Expr::Or(parts) | Expr::And(parts) => parts.iter().for_each(|part| gather(part, uses)),
        Expr::Not(inner) => gather(inner, uses),
        Expr::Predicate(Predicate::Field {
            field: Field::Attribute(name),
            condition,
            ..
        }) => {
            let by_number = compares_numbers(condition);
            let by_order = matches!(condition, Condition::Range(..) | Condition::Order(..));
            match uses.iter_mut().find(|known| known.name == *name) {
                Some(known) => {
                    known.by_number |= by_number;
                    known.by_order |= by_order;
                }
                None => uses.push(AttributeUse {
                    name: name.clone(),
                    by_number,
                    by_order,
                }),
            }
        }
        Expr::Predicate(_) => {}
    }
}

fn compares_numbers(condition: &Condition) -> bool {
    let is_number = |term: &Term| parse_number(&term.text).is_some();
    match condition {
        Condition::Range(low, high) => is_number(low) || is_number(high),
        Condition::Order(_, term) => is_number(term),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_told_with_how_they_are_compared() {
        let expr = "title contains a and (price < 9 or not `screen size` = 5) and price = 1";
        let uses = FilterExpr::parse(expr).unwrap().attributes();
        let told: Vec<_> = uses
            .iter()
            .map(|one| (one.name.as_str(), one.by_number))
            .collect();
        assert_eq!(told, [("price", true), ("screen size", false)]);
    }
}
