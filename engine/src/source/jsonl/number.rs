//! Numbers: the grammar of RFC 8259, and which of them a type holds exactly.
//!
//! A whole number is written without fraction and exponent; all others are
//! floats, `1.0` and `1E2` too. `-0` is a whole number: 0 as an integer, and
//! `-0.0` as a float.

use super::cursor::Cursor;
use super::fault::Lexed;

/// A double holds every whole number up to this one.
const F64_WHOLE: u64 = 1 << f64::MANTISSA_DIGITS;
/// A float holds every whole number up to this one.
const F32_WHOLE: u64 = 1 << f32::MANTISSA_DIGITS;

/// Digits that always fit into 64 bits.
const SAFE_DIGITS: usize = 19;

/// A number as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    text: &'a str,
    form: Form,
    /// Its digits as a number, where it is whole and has at most 64 bits.
    magnitude: Option<u64>,
}

/// What a number is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Digits alone: it is whole.
    Whole,
    /// A fraction.
    Fraction,
    /// An exponent, and possibly a fraction.
    Exponent,
}

/// Which types hold a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Whole and within 2^53: integers and doubles hold it.
    Small,
    /// Whole, within 64 bits with a sign, not within 2^53.
    Signed,
    /// Whole, within 64 bits without a sign only.
    Unsigned,
    /// Whole, beyond 64 bits.
    Big,
    /// A float that a double can stand for.
    Float,
    /// A float beyond all doubles.
    Huge,
}

impl<'a> Cursor<'a> {
    /// Takes the number that begins here.
    #[inline]
    pub(super) fn take_number(&mut self) -> Lexed<Number<'a>> {
        let start = self.at();
        let (n_digits, number) = self.whole_digits()?;
        let form = self.form()?;
        let text = self.text_from(start);
        let magnitude = match form {
            Form::Whole if n_digits <= SAFE_DIGITS => Some(number),
            Form::Whole => text.trim_start_matches('-').parse().ok(),
            Form::Fraction | Form::Exponent => None,
        };
        Ok(Number {
            text,
            form,
            magnitude,
        })
    }

    /// Passes over the number that begins here.
    #[inline]
    pub(super) fn skip_number(&mut self) -> Lexed<()> {
        self.whole_digits()?;
        self.form().map(drop)
    }

    /// Takes a sign and `0`, or digits that do not begin with it; as
    /// [`Self::digits`].
    #[inline]
    fn whole_digits(&mut self) -> Lexed<(usize, u64)> {
        self.skip_if(b'-');
        let is_zero = self.peek() == Some(b'0');
        let (n_digits, number) = self.digits();
        if n_digits == 0 {
            return Err(self.expected("a digit"));
        }
        if is_zero && n_digits > 1 {
            self.back_to(self.at() - n_digits);
            return Err(self.expected("a number without leading zeros"));
        }
        Ok((n_digits, number))
    }

    /// Takes a fraction and an exponent.
    #[inline]
    fn form(&mut self) -> Lexed<Form> {
        let mut form = Form::Whole;
        if self.skip_if(b'.') {
            form = Form::Fraction;
            if self.digits().0 == 0 {
                return Err(self.expected("a digit behind `.`"));
            }
        }
        if self.skip_if(b'e') || self.skip_if(b'E') {
            form = Form::Exponent;
            let _ = self.skip_if(b'+') || self.skip_if(b'-');
            if self.digits().0 == 0 {
                return Err(self.expected("a digit of the exponent"));
            }
        }
        Ok(form)
    }
}

impl Number<'_> {
    fn is_whole(&self) -> bool {
        self.form == Form::Whole
    }

    fn is_negative(&self) -> bool {
        self.text.starts_with('-')
    }

    /// The number, if it is written as a whole number within 64 bits.
    #[inline]
    pub(super) fn whole(&self) -> Option<i128> {
        let magnitude = i128::from(self.magnitude?);
        Some(if self.is_negative() {
            -magnitude
        } else {
            magnitude
        })
    }

    /// The number, if its value is whole and within 64 bits, however it is
    /// written: `1.0` and `1E2` too.
    pub(super) fn whole_value(&self) -> Option<i128> {
        if self.is_whole() {
            return self.whole();
        }
        let magnitude = decimal(self.text.trim_start_matches('-'))?;
        Some(if self.is_negative() {
            -i128::from(magnitude)
        } else {
            i128::from(magnitude)
        })
    }

    /// The nearest double; none if it is infinite, or if the number is whole
    /// and beyond 2^53.
    #[inline]
    pub(super) fn float64(&self) -> Option<f64> {
        if self.is_whole() && self.magnitude.is_none_or(|n| n > F64_WHOLE) {
            return None;
        }
        self.text.parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// The nearest float; none if it is infinite, or if the number is whole
    /// and beyond 2^24.
    pub(super) fn float32(&self) -> Option<f32> {
        if self.is_whole() && self.magnitude.is_none_or(|n| n > F32_WHOLE) {
            return None;
        }
        self.text.parse().ok().filter(|n: &f32| n.is_finite())
    }

    /// Whether it is written as a whole number below 0.
    #[inline]
    pub(super) fn is_below_zero(&self) -> bool {
        self.is_whole() && self.is_negative() && self.magnitude != Some(0)
    }

    /// Which types hold it.
    #[inline]
    pub(super) fn size(&self) -> Size {
        if !self.is_whole() {
            return if self.is_huge() {
                Size::Huge
            } else {
                Size::Float
            };
        }
        match self.magnitude {
            Some(n) if n <= F64_WHOLE => Size::Small,
            Some(n) if n <= i64::MAX.unsigned_abs() => Size::Signed,
            Some(n) if self.is_negative() && n == i64::MIN.unsigned_abs() => Size::Signed,
            Some(_) if !self.is_negative() => Size::Unsigned,
            _ => Size::Big,
        }
    }

    /// Whether a float is beyond all doubles.
    fn is_huge(&self) -> bool {
        /// Characters that cannot write as large a number without exponent.
        const SHORT: usize = 300;
        let may_be = self.form == Form::Exponent || self.text.len() > SHORT;
        may_be && self.text.parse().is_ok_and(f64::is_infinite)
    }
}

/// The value of an unsigned decimal number with fraction or exponent, if it is
/// whole and has at most 64 bits.
fn decimal(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (text, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let n_zeros = all.len() - all.trim_end_matches('0').len();
    // An exponent that does not fit moves the point further than any line is
    // long, and the number is not 0.
    let exponent: i64 = exponent.parse().ok()?;
    let len = |n: usize| i64::try_from(n).ok();
    let zeros = exponent
        .checked_sub(len(fraction.len())?)?
        .checked_add(len(n_zeros)?)?;
    // 20 digits are more than 64 bits; a digit behind the point is not whole.
    let zeros = usize::try_from(zeros).ok().filter(|n| *n < 20)?;
    format!("{digits}{}", "0".repeat(zeros)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::NotFinite;

    fn number(text: &str) -> Number<'_> {
        let mut cursor = Cursor::new(text, NotFinite::Refused);
        let number = cursor.take_number().unwrap();
        cursor.end().unwrap();
        number
    }

    #[test]
    fn whole_values_are_found_however_they_are_written() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1.0", Some(1)),
            ("-1.50e1", Some(-15)),
            ("1E2", Some(100)),
            ("100e-2", Some(1)),
            ("1e-1", None),
            ("2.5", None),
            ("0.000e99999999999999999999", Some(0)),
            ("1e99999999999999999999", None),
            ("1e-99999999999999999999", None),
            ("1e19", Some(10_000_000_000_000_000_000)),
            ("1e20", None),
            ("18446744073709551615", Some(i128::from(u64::MAX))),
            ("18446744073709551615.0", Some(i128::from(u64::MAX))),
            ("18446744073709551616", None),
            ("18446744073709551616.0", None),
            ("-9223372036854775808.000", Some(i128::from(i64::MIN))),
            ("0.18446744073709551615e20", Some(i128::from(u64::MAX))),
        ] {
            assert_eq!(number(text).whole_value(), expected, "{text}");
        }
    }

    #[test]
    fn the_size_tells_which_types_hold_a_number() {
        for (text, expected) in [
            ("9007199254740992", Size::Small),
            ("-9007199254740992", Size::Small),
            ("9007199254740993", Size::Signed),
            ("9223372036854775807", Size::Signed),
            ("-9223372036854775808", Size::Signed),
            ("9223372036854775808", Size::Unsigned),
            ("18446744073709551615", Size::Unsigned),
            ("18446744073709551616", Size::Big),
            ("-9223372036854775809", Size::Big),
            ("1.0", Size::Float),
            ("1e308", Size::Float),
            ("1e-400", Size::Float),
            ("1e309", Size::Huge),
            ("-1e400", Size::Huge),
        ] {
            assert_eq!(number(text).size(), expected, "{text}");
        }
        let long = format!("{}.0", "9".repeat(400));
        assert_eq!(number(&long).size(), Size::Huge);
    }

    #[test]
    fn floats_are_the_nearest_ones_and_never_infinite() {
        assert_eq!(number("0.1").float64(), Some(0.1));
        assert_eq!(number("0.1").float32(), Some(0.1));
        assert_eq!(number("1e39").float32(), None);
        assert_eq!(number("1e309").float64(), None);
        assert_eq!(number("1e-400").float64(), Some(0.0));
        assert!(number("-0").float64().is_some_and(f64::is_sign_negative));
        assert_eq!(number("16777217").float32(), None);
        assert_eq!(number("9007199254740993").float64(), None);
        // Between two floats, where rounding by way of a double goes wrong.
        let tie = "1.00000017881393432617187499";
        assert_eq!(number(tie).float32(), Some(tie.parse().unwrap()));
    }
}
