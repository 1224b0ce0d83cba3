//! Units of measure, and what they measure.

use std::fmt;
use std::sync::LazyLock;

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// Grams and the like.
    Mass,
    /// Millilitres and the like.
    Volume,
    /// Millimetres and the like.
    Length,
    /// Square metres and the like.
    Area,
    /// Seconds and the like.
    Time,
    /// Watts and the like.
    Power,
    /// Volts.
    Voltage,
    /// Amperes and the like.
    Current,
    /// Ampere hours and the like.
    Charge,
    /// Watt hours and the like.
    Energy,
    /// Hertz and the like.
    Frequency,
    /// Bytes and the like.
    Data,
}

impl Dimension {
    pub(super) const ALL: [Self; 12] = [
        Self::Mass,
        Self::Volume,
        Self::Length,
        Self::Area,
        Self::Time,
        Self::Power,
        Self::Voltage,
        Self::Current,
        Self::Charge,
        Self::Energy,
        Self::Frequency,
        Self::Data,
    ];

    /// Its name, as in `mass`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mass => "mass",
            Self::Volume => "volume",
            Self::Length => "length",
            Self::Area => "area",
            Self::Time => "time",
            Self::Power => "power",
            Self::Voltage => "voltage",
            Self::Current => "current",
            Self::Charge => "charge",
            Self::Energy => "energy",
            Self::Frequency => "frequency",
            Self::Data => "data",
        }
    }

    /// A usual amount of it.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Mass => "500 g",
            Self::Volume => "250 ml",
            Self::Length => "30 cm",
            Self::Area => "2 m²",
            Self::Time => "2 h",
            Self::Power => "60 W",
            Self::Voltage => "230 V",
            Self::Current => "2 A",
            Self::Charge => "4000 mAh",
            Self::Energy => "50 Wh",
            Self::Frequency => "60 Hz",
            Self::Data => "256 GB",
        }
    }

    /// Symbol of the unit that amounts of it are compared in.
    pub fn base_unit(self) -> &'static str {
        match self {
            Self::Mass => "g",
            Self::Volume => "ml",
            Self::Length => "mm",
            Self::Area => "m²",
            Self::Time => "s",
            Self::Power => "W",
            Self::Voltage => "V",
            Self::Current => "A",
            Self::Charge => "mAh",
            Self::Energy => "Wh",
            Self::Frequency => "Hz",
            Self::Data => "MB",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A unit of measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Its usual symbol, as in `kg`.
    pub symbol: &'static str,
    /// What it measures.
    pub dimension: Dimension,
    /// How many base units it is.
    pub(super) size: f64,
    /// Names of it, in small letters; not all that have a meaning of their own in capitals.
    names: &'static str,
}

/// Sizes are numbers.
impl Eq for Unit {}

const fn unit(symbol: &'static str, dimension: Dimension, size: f64, names: &'static str) -> Unit {
    Unit {
        symbol,
        dimension,
        size,
        names,
    }
}

/// All units. Sizes are those of the international system, of the avoirdupois pound, of the
/// customary units of the United States, and of decimal multiples of a byte.
static UNITS: [Unit; 54] = {
    use Dimension::*;
    [
        unit("mg", Mass, 0.001, "mg|milligram|milligrams|毫克|мг"),
        unit(
            "g",
            Mass,
            1.0,
            "g|gr|gm|gms|gram|grams|gramm|gramme|grammes|gramo|gramos|克|г|гр|グラム",
        ),
        unit(
            "kg",
            Mass,
            1000.0,
            "kg|kgs|kilo|kilos|kilogram|kilograms|kilogramm|千克|公斤|кг|キログラム",
        ),
        unit("t", Mass, 1e6, "t|tonne|tonnes|吨"),
        unit("斤", Mass, 500.0, "斤"),
        unit("oz", Mass, 28.349_523_125, "oz|ozs|ounce|ounces"),
        unit("lb", Mass, 453.592_37, "lb|lbs|lb.|lbs.|pound|pounds|磅"),
        unit(
            "ml",
            Volume,
            1.0,
            "ml|milliliter|milliliters|millilitre|millilitres|毫升|мл|cc",
        ),
        unit("cl", Volume, 10.0, "cl|centiliter|centilitre"),
        unit("dl", Volume, 100.0, "dl|deciliter|decilitre"),
        unit(
            "l",
            Volume,
            1000.0,
            "l|lt|ltr|ltrs|liter|liters|litre|litres|litro|litros|升|公升|л|リットル",
        ),
        unit("m³", Volume, 1e6, "m³|m3|cbm"),
        unit(
            "fl oz",
            Volume,
            29.573_529_562_5,
            "fl oz|fl. oz.|fl.oz.|fl. oz|floz|fluid ounce|fluid ounces",
        ),
        unit("pt", Volume, 473.176_473, "pint|pints"),
        unit("qt", Volume, 946.352_946, "qt|quart|quarts"),
        unit("gal", Volume, 3_785.411_784, "gal|gallon|gallons"),
        unit(
            "mm",
            Length,
            1.0,
            "mm|millimeter|millimeters|millimetre|millimetres|毫米|мм|ミリ",
        ),
        unit(
            "cm",
            Length,
            10.0,
            "cm|cms|centimeter|centimeters|centimetre|centimetres|厘米|公分|см|センチ",
        ),
        unit("dm", Length, 100.0, "dm|decimeter|decimetre"),
        unit("m", Length, 1000.0, "m|meter|meters|metre|metres|米|м"),
        unit(
            "km",
            Length,
            1e6,
            "km|kilometer|kilometers|kilometre|公里|км",
        ),
        unit(
            "in",
            Length,
            25.4,
            "in|in.|inch|inches|zoll|\"|″|''|英寸|寸|дюйм|дюймов|インチ|pouces|pulgadas",
        ),
        unit("ft", Length, 304.8, "ft|ft.|foot|feet|英尺"),
        unit("yd", Length, 914.4, "yd|yard|yards"),
        unit("mi", Length, 1_609_344.0, "mile|miles"),
        unit("cm²", Area, 1e-4, "cm²|cm2|sq cm"),
        unit("m²", Area, 1.0, "m²|m2|qm|sqm|sq m|sq. m|平方米|平米"),
        unit("sq ft", Area, 0.092_903_04, "sq ft|sq. ft.|sqft|ft²|ft2"),
        unit("ms", Time, 0.001, "ms|millisecond|milliseconds"),
        unit("s", Time, 1.0, "s|sec|secs|second|seconds|sek|sekunden|秒"),
        unit("min", Time, 60.0, "min|mins|minute|minutes|minuten|分钟"),
        unit("h", Time, 3600.0, "h|hr|hrs|hour|hours|std|stunden|小时"),
        unit("d", Time, 86_400.0, "d|day|days|tag|tage|天"),
        unit("mW", Power, 0.001, "milliwatt|milliwatts"),
        unit("W", Power, 1.0, "w|watt|watts|瓦|вт"),
        unit("kW", Power, 1000.0, "kw|kilowatt|kilowatts|千瓦"),
        unit("hp", Power, 745.699_871_582, "hp|horsepower"),
        unit("V", Voltage, 1.0, "v|volt|volts|vdc|vac|伏"),
        unit("kV", Voltage, 1000.0, "kv"),
        unit("mA", Current, 0.001, "ma|milliamp|milliamps"),
        unit("A", Current, 1.0, "a|amp|amps|ampere|安"),
        unit("mAh", Charge, 1.0, "mah|毫安|毫安时"),
        unit("Ah", Charge, 1000.0, "ah|amp hours"),
        unit("Wh", Energy, 1.0, "wh|watt hours"),
        unit("kWh", Energy, 1000.0, "kwh"),
        unit("Hz", Frequency, 1.0, "hz|hertz|赫兹"),
        unit("kHz", Frequency, 1e3, "khz"),
        unit("MHz", Frequency, 1e6, "mhz"),
        unit("GHz", Frequency, 1e9, "ghz"),
        unit("KB", Data, 0.001, "kb|kib|kilobyte|kilobytes"),
        unit("MB", Data, 1.0, "mb|mib|megabyte|megabytes"),
        unit("GB", Data, 1e3, "gb|gib|gigabyte|gigabytes|go"),
        unit("TB", Data, 1e6, "tb|tib|terabyte|terabytes"),
        unit("PB", Data, 1e9, "pb|petabyte|petabytes"),
    ]
};

/// Units by what they are called, sorted.
type Called = Vec<(&'static str, &'static Unit)>;

/// Units by their symbols.
static SYMBOLS: LazyLock<Called> =
    LazyLock::new(|| sorted(UNITS.iter().map(|unit| (unit.symbol, unit))));

/// Units by their names in small letters.
static NAMES: LazyLock<Called> = LazyLock::new(|| {
    let names = |unit: &'static Unit| unit.names.split('|').map(move |name| (name, unit));
    sorted(UNITS.iter().flat_map(names))
});

fn sorted(units: impl Iterator<Item = (&'static str, &'static Unit)>) -> Called {
    let mut units: Called = units.collect();
    units.sort_unstable_by_key(|(called, _)| *called);
    units
}

fn find(units: &Called, called: &str) -> Option<&'static Unit> {
    let at = units.binary_search_by_key(&called, |(called, _)| called);
    at.ok().map(|at| units[at].1)
}

impl Unit {
    /// The unit that is called so, in any capitals where they make no difference.
    ///
    /// ```
    /// use assort_core::Unit;
    ///
    /// assert_eq!(Unit::named("Kilograms").map(|unit| unit.symbol), Some("kg"));
    /// assert_eq!(Unit::named("parsec"), None);
    /// ```
    pub fn named(name: &str) -> Option<&'static Self> {
        // Most numbers have nothing behind them.
        if name.is_empty() {
            return None;
        }
        find(&SYMBOLS, name).or_else(|| find(&NAMES, &name.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_unit() {
        let names = UNITS.iter().flat_map(|unit| unit.names.split('|'));
        let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for unit in &UNITS {
            assert_eq!(Unit::named(unit.symbol), Some(unit));
        }
        let mut symbols = UNITS.map(|unit| unit.symbol);
        symbols.sort_unstable();
        assert!(symbols.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn units_are_found_as_if_all_were_looked_at() {
        let looked = |name: &str| {
            let exact = UNITS.iter().find(|unit| unit.symbol == name);
            let small = name.to_lowercase();
            let has = |unit: &&Unit| unit.names.split('|').any(|known| known == small);
            exact.or_else(|| UNITS.iter().find(has))
        };
        let names = UNITS.iter().flat_map(|unit| unit.names.split('|'));
        for name in names.chain(UNITS.iter().map(|unit| unit.symbol)) {
            for name in [name.to_owned(), name.to_uppercase(), format!("{name}x")] {
                assert_eq!(Unit::named(&name), looked(&name), "{name}");
            }
        }
        assert_eq!((Unit::named(""), looked("")), (None, None));
    }
}
