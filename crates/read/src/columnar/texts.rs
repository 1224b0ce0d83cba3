//! A column of simple values as texts, written as people write them.

use std::fmt::{Display, Write};

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions as temporal;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrowPrimitiveType, LargeStringArray, RunArray, StringArray, StringViewArray,
};
use arrow_schema::{DataType, TimeUnit};

use super::digits::{self, Digits};

/// Texts of a column, a row each.
#[derive(Debug)]
pub(super) enum Texts {
    View(StringViewArray),
    Short(StringArray),
    Long(LargeStringArray),
    /// Texts that recur; for each row the place of its text, none if it has none.
    Recurring(Vec<Option<usize>>, Box<Texts>),
    /// Nothing in any row.
    Blank,
}

impl Texts {
    /// The text of a row; none if there is none.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Short(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Long(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Recurring(places, texts) => texts.get((*places.get(row)?)?),
            Self::Blank => None,
        }
    }

    /// The texts of values of a type that [`is_simple`].
    pub(super) fn of(array: &dyn Array) -> Self {
        match array.data_type() {
            DataType::Utf8View => Self::View(array.as_string_view().clone()),
            DataType::Utf8 => Self::Short(array.as_string().clone()),
            DataType::LargeUtf8 => Self::Long(array.as_string().clone()),
            DataType::Dictionary(_, _) => {
                let array = array.as_any_dictionary();
                let places = array.normalized_keys();
                let places = places.into_iter().enumerate();
                let places = places.map(|(row, place)| array.is_valid(row).then_some(place));
                Self::Recurring(places.collect(), Box::new(Self::of(array.values())))
            }
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => Self::of_runs::<Int16Type>(array),
                DataType::Int32 => Self::of_runs::<Int32Type>(array),
                _ => Self::of_runs::<Int64Type>(array),
            },
            _ => match printed(array) {
                Some(texts) => Self::Short(texts),
                None => Self::Blank,
            },
        }
    }

    fn of_runs<R: RunEndIndexType>(array: &dyn Array) -> Self {
        let Some(runs) = array.as_any().downcast_ref::<RunArray<R>>() else {
            return Self::Blank;
        };
        let places = (0..runs.len()).map(|row| Some(runs.get_physical_index(row)));
        Self::Recurring(places.collect(), Box::new(Self::of(runs.values())))
    }
}

/// Whether values of a type become one text each.
pub(super) fn is_simple(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_simple(values),
        DataType::RunEndEncoded(_, values) => is_simple(values.data_type()),
        kind => kind.is_numeric() || is_text(kind) || is_time(kind) || is_constant(kind),
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn is_time(kind: &DataType) -> bool {
    use DataType::{Date32, Date64, Duration, Time32, Time64, Timestamp};
    matches!(
        kind,
        Date32 | Date64 | Time32(_) | Time64(_) | Timestamp(_, _) | Duration(_)
    )
}

fn is_constant(kind: &DataType) -> bool {
    matches!(kind, DataType::Boolean | DataType::Null)
}

/// Whether two numbers of a type can be written the same though they differ.
pub(super) fn is_float(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Float16 | DataType::Float32 | DataType::Float64
    )
}

/// Values of other types than texts, printed.
fn printed(array: &dyn Array) -> Option<StringArray> {
    use DataType as T;
    Some(match array.data_type() {
        T::Boolean => {
            let values = array.as_boolean();
            let texts = values
                .iter()
                .map(|value| value.map(|is| if is { "true" } else { "false" }));
            texts.collect()
        }
        T::Int8 => plain::<Int8Type>(array),
        T::Int16 => plain::<Int16Type>(array),
        T::Int32 => plain::<Int32Type>(array),
        T::Int64 => plain::<Int64Type>(array),
        T::UInt8 => plain::<UInt8Type>(array),
        T::UInt16 => plain::<UInt16Type>(array),
        T::UInt32 => plain::<UInt32Type>(array),
        T::UInt64 => plain::<UInt64Type>(array),
        // Those who write such files mean a missing value by what is no number.
        T::Float16 => each::<Float16Type>(array, |texts, value| {
            !value.is_nan() && put(texts, value.to_f32())
        }),
        T::Float32 => {
            each::<Float32Type>(array, |texts, value| !value.is_nan() && put(texts, value))
        }
        T::Float64 => each::<Float64Type>(array, |texts, value| match digits::hundredths(value) {
            Some(written) => add(texts, &written),
            None => !value.is_nan() && put(texts, value),
        }),
        T::Decimal32(_, scale) => decimals::<Decimal32Type>(array, *scale),
        T::Decimal64(_, scale) => decimals::<Decimal64Type>(array, *scale),
        T::Decimal128(_, scale) => decimals::<Decimal128Type>(array, *scale),
        T::Decimal256(_, scale) => decimals::<Decimal256Type>(array, *scale),
        T::Date32 => days::<Date32Type>(array, 1),
        T::Date64 => days::<Date64Type>(array, 86_400_000),
        T::Time32(TimeUnit::Second) => clocks::<Time32SecondType>(array),
        T::Time32(_) => clocks::<Time32MillisecondType>(array),
        T::Time64(TimeUnit::Microsecond) => clocks::<Time64MicrosecondType>(array),
        T::Time64(_) => clocks::<Time64NanosecondType>(array),
        T::Timestamp(unit, zone) => match unit {
            TimeUnit::Second => moments::<TimestampSecondType>(array, zone.is_some()),
            TimeUnit::Millisecond => moments::<TimestampMillisecondType>(array, zone.is_some()),
            TimeUnit::Microsecond => moments::<TimestampMicrosecondType>(array, zone.is_some()),
            TimeUnit::Nanosecond => moments::<TimestampNanosecondType>(array, zone.is_some()),
        },
        T::Duration(unit) => match unit {
            TimeUnit::Second => spans::<DurationSecondType>(array, "s"),
            TimeUnit::Millisecond => spans::<DurationMillisecondType>(array, "ms"),
            TimeUnit::Microsecond => spans::<DurationMicrosecondType>(array, "µs"),
            TimeUnit::Nanosecond => spans::<DurationNanosecondType>(array, "ns"),
        },
        T::FixedSizeBinary(16) => {
            let ids = array.as_fixed_size_binary();
            ids.iter().map(|bytes| bytes.map(uuid)).collect()
        }
        _ => return None,
    })
}

/// Sixteen bytes as UUIDs are written.
fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        text.extend(
            [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')),
        );
    }
    text
}

/// The values, each as `write` has it, which may tell that it is none and write nothing.
fn each<T: ArrowPrimitiveType>(
    array: &dyn Array,
    write: impl Fn(&mut StringBuilder, T::Native) -> bool,
) -> StringArray {
    let array = array.as_primitive::<T>();
    let mut texts = StringBuilder::with_capacity(array.len(), array.len() * 8);
    for row in 0..array.len() {
        if array.is_valid(row) && write(&mut texts, array.value(row)) {
            // Ends what was written.
            texts.append_value("");
        } else {
            texts.append_null();
        }
    }
    texts.finish()
}

fn put(texts: &mut StringBuilder, value: impl Display) -> bool {
    write!(texts, "{value}").is_ok()
}

fn add(texts: &mut StringBuilder, written: &Digits) -> bool {
    texts.write_str(written.as_str()).is_ok()
}

/// Whole numbers.
fn plain<T: ArrowPrimitiveType<Native: Copy + Display + TryInto<i64>>>(
    array: &dyn Array,
) -> StringArray {
    each::<T>(array, |texts, value| match value.try_into() {
        Ok(number) => add(texts, &digits::whole(number)),
        Err(_) => put(texts, value),
    })
}

/// Numbers with as many decimals as the column has.
fn decimals<T: DecimalType>(array: &dyn Array, scale: i8) -> StringArray {
    each::<T>(array, |texts, value| {
        put(texts, T::format_decimal(value, T::MAX_PRECISION, scale))
    })
}

/// Days, each so many units of the numbers.
fn days<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array, unit: i64) -> StringArray {
    each::<T>(array, |texts, value| {
        let number = value.into();
        if let Some(written) = digits::day(number.div_euclid(unit)) {
            return add(texts, &written);
        }
        match temporal::as_date::<T>(number) {
            Some(day) => put(texts, day),
            None => put(texts, number),
        }
    })
}

fn clocks<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array) -> StringArray {
    each::<T>(array, |texts, value| {
        let number = value.into();
        match temporal::as_time::<T>(number) {
            Some(time) => put(texts, time),
            None => put(texts, number),
        }
    })
}

/// Dates with times, of which midnight is left out; those of a zone are told in UTC.
fn moments<T: ArrowPrimitiveType<Native = i64>>(array: &dyn Array, zoned: bool) -> StringArray {
    each::<T>(array, |texts, number| {
        let Some(moment) = temporal::as_datetime::<T>(number) else {
            return put(texts, number);
        };
        let (day, time) = (moment.date(), moment.time());
        match zoned {
            true => write!(texts, "{day}T{time}Z").is_ok(),
            false if time == Default::default() => put(texts, day),
            false => write!(texts, "{day}T{time}").is_ok(),
        }
    })
}

fn spans<T: ArrowPrimitiveType<Native: Display>>(array: &dyn Array, unit: &str) -> StringArray {
    each::<T>(array, |texts, value| {
        write!(texts, "{value} {unit}").is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::*;

    use super::*;

    fn texts(array: &dyn Array) -> Vec<String> {
        assert!(is_simple(array.data_type()));
        let texts = Texts::of(array);
        let rows = 0..array.len();
        rows.map(|row| texts.get(row).unwrap_or("-").to_owned())
            .collect()
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let floats = Float64Array::from(vec![
            Some(19.9),
            Some(7.0),
            Some(1e21),
            Some(f64::NAN),
            None,
        ]);
        assert_eq!(
            texts(&floats),
            ["19.9", "7", "1000000000000000000000", "-", "-"]
        );
        assert_eq!(
            texts(&Float32Array::from(vec![0.1, 1e-7])),
            ["0.1", "0.0000001"]
        );
        assert_eq!(
            texts(&Int64Array::from(vec![i64::MIN, 12])),
            ["-9223372036854775808", "12"]
        );
        let money = Decimal128Array::from(vec![1250, 5, -5]);
        let money = money.with_precision_and_scale(9, 2).unwrap();
        assert_eq!(texts(&money), ["12.50", "0.05", "-0.05"]);
        assert_eq!(
            texts(&BooleanArray::from(vec![Some(true), None])),
            ["true", "-"]
        );
        assert_eq!(texts(&NullArray::new(2)), ["-", "-"]);
    }

    #[test]
    fn dates_and_times_are_those_of_iso_8601() {
        let days = Date32Array::from(vec![20_000, i32::MAX]);
        assert_eq!(texts(&days), ["2024-10-04", "2147483647"]);
        let days = Date64Array::from(vec![1_728_000_000_000, -1, i64::MAX]);
        let day = texts(&days);
        assert_eq!(day[..2], ["2024-10-04", "1969-12-31"]);
        let moments = vec![1_728_000_000_000, 1_728_034_245_250];
        let moments = TimestampMillisecondArray::from(moments);
        assert_eq!(texts(&moments), ["2024-10-04", "2024-10-04T09:30:45.250"]);
        let zoned = moments.with_timezone("Europe/Berlin");
        assert_eq!(texts(&zoned)[1], "2024-10-04T09:30:45.250Z");
        assert_eq!(texts(&Time32SecondArray::from(vec![34_245])), ["09:30:45"]);
        assert_eq!(texts(&DurationSecondArray::from(vec![90])), ["90 s"]);
    }

    #[test]
    fn values_that_recur_are_decoded() {
        let words: DictionaryArray<types::Int8Type> =
            vec![Some("red"), None, Some("blue"), Some("red")]
                .into_iter()
                .collect();
        assert_eq!(texts(&words), ["red", "-", "blue", "red"]);
        let numbers = Arc::new(Int32Array::from(vec![Some(7), None]));
        let keys = UInt8Array::from(vec![0, 1, 0]);
        assert_eq!(texts(&DictionaryArray::new(keys, numbers)), ["7", "-", "7"]);
        let ends = Int32Array::from(vec![2, 3]);
        let runs = RunArray::try_new(&ends, &StringArray::from(vec!["a", "b"])).unwrap();
        assert_eq!(texts(&runs), ["a", "a", "b"]);
    }
}
