//! Numbers: the grammar of RFC 8259, and which of them a type holds exactly.
//!
//! A whole number is written without fraction and exponent; all others are
//! floats, `1.0` and `1E2` too. `-0` is a whole number: 0 as an integer, and
//! `-0.0` as a float.

use super::bytes::number_of;
use super::cursor::Cursor;
use super::fault::Lexed;

/// A double holds every whole number up to this one.
const F64_WHOLE: u64 = 1 << f64::MANTISSA_DIGITS;
/// A float holds every whole number up to this one.
const F32_WHOLE: u64 = 1 << f32::MANTISSA_DIGITS;

/// Digits that always fit into 64 bits.
const SAFE_DIGITS: usize = 19;

/// Digits of whole numbers that are all within 2^53.
const SMALL_DIGITS: usize = 15;

/// What a fraction of so many digits is a number of.
const SCALES: [u64; SMALL_DIGITS] = {
    let mut scales = [1; SMALL_DIGITS];
    let mut n = 1;
    while n < SMALL_DIGITS {
        scales[n] = scales[n - 1] * 10;
        n += 1;
    }
    scales
};

/// A number as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonNumber<'a> {
    line: &'a str,
    /// Where it begins and ends in its line.
    begin: usize,
    end: usize,
    is_negative: bool,
    /// How many digits its whole part has.
    n_digits: usize,
    form: Form,
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
    pub(super) fn take_number(&mut self) -> Lexed<JsonNumber<'a>> {
        let begin = self.at();
        let is_negative = self.skip_if(b'-');
        let n_digits = self.whole_digits()?;
        let form = self.form()?;
        Ok(JsonNumber {
            line: self.line(),
            begin,
            end: self.at(),
            is_negative,
            n_digits,
            form,
        })
    }

    /// Passes over the number that begins here.
    #[inline]
    pub(super) fn skip_number(&mut self) -> Lexed<()> {
        self.skip_if(b'-');
        self.whole_digits()?;
        self.form().map(drop)
    }

    /// Takes the number here, an item of a list, if it is short and without
    /// exponent and another item follows: to the beginning of that.
    #[expect(
        clippy::inline_always,
        reason = "a number that is handed over in memory takes half as long again"
    )]
    #[inline(always)]
    pub(super) fn next_number(&mut self) -> Option<JsonNumber<'a>> {
        let begin = self.at();
        let is_negative = self.peek() == Some(b'-');
        if is_negative {
            self.next();
        }
        let is_zero = self.peek() == Some(b'0');
        let n_digits = self.digits();
        let is_short = matches!(n_digits, 1..=SMALL_DIGITS) && !(is_zero && n_digits > 1);
        let is_whole = self.peek() != Some(b'.');
        if !is_whole {
            self.next();
        }
        if !is_short || (!is_whole && self.digits() == 0) || self.peek() != Some(b',') {
            self.back_to(begin);
            return None;
        }
        let end = self.at();
        self.next();
        self.blank();
        Some(JsonNumber {
            line: self.line(),
            begin,
            end,
            is_negative,
            n_digits,
            form: if is_whole {
                Form::Whole
            } else {
                Form::Fraction
            },
        })
    }

    /// Takes `0`, or digits that do not begin with it: how many.
    #[inline]
    fn whole_digits(&mut self) -> Lexed<usize> {
        let is_zero = self.peek() == Some(b'0');
        let n_digits = self.digits();
        if n_digits == 0 {
            return Err(self.expected("a digit"));
        }
        if is_zero && n_digits > 1 {
            self.back_to(self.at() - n_digits);
            return Err(self.expected("a number without leading zeros"));
        }
        Ok(n_digits)
    }

    /// Takes a fraction and an exponent.
    #[inline]
    fn form(&mut self) -> Lexed<Form> {
        match self.peek() {
            Some(b'.' | b'e' | b'E') => self.long_form(),
            _ => Ok(Form::Whole),
        }
    }

    #[inline]
    fn long_form(&mut self) -> Lexed<Form> {
        if self.skip_if(b'.') && self.digits() == 0 {
            return Err(self.expected("a digit behind `.`"));
        }
        if !self.skip_if(b'e') && !self.skip_if(b'E') {
            return Ok(Form::Fraction);
        }
        let _ = self.skip_if(b'+') || self.skip_if(b'-');
        if self.digits() == 0 {
            return Err(self.expected("a digit of the exponent"));
        }
        Ok(Form::Exponent)
    }
}

impl JsonNumber<'_> {
    fn text(&self) -> &str {
        self.line.get(self.begin..self.end).unwrap_or_default()
    }

    /// The line from its first digit on.
    #[inline]
    fn digits(&self) -> &[u8] {
        let begin = self.begin + usize::from(self.is_negative);
        self.line.as_bytes().get(begin..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        self.form == Form::Whole
    }

    /// Its digits as a number, where it is whole and has at most 64 bits.
    #[inline]
    fn magnitude(&self) -> Option<u64> {
        match self.form {
            Form::Whole if self.n_digits <= SAFE_DIGITS => {
                Some(leading(self.digits(), self.n_digits))
            }
            Form::Whole => self.text().trim_start_matches('-').parse().ok(),
            Form::Fraction | Form::Exponent => None,
        }
    }

    /// Its value, where few digits write it.
    ///
    /// One division of two whole numbers that a double holds gives the nearest
    /// double: W. D. Clinger, "How to read floating point numbers accurately",
    /// 1990.
    #[inline]
    fn short_float(&self) -> Option<f64> {
        let n_behind = self.end - self.begin - usize::from(self.is_negative) - self.n_digits;
        let (n_fraction, fraction) = match self.form {
            Form::Whole => (0, 0),
            Form::Fraction => {
                let digits = self.digits().get(self.n_digits + 1..)?;
                (n_behind - 1, leading(digits, n_behind - 1))
            }
            Form::Exponent => return None,
        };
        let scale = SCALES.get(n_fraction)?;
        if self.n_digits + n_fraction > SMALL_DIGITS {
            return None;
        }
        let digits = leading(self.digits(), self.n_digits) * scale + fraction;
        #[expect(clippy::cast_precision_loss, reason = "both are within 2^53")]
        let value = digits as f64 / *scale as f64;
        Some(if self.is_negative { -value } else { value })
    }

    /// The number, if it is written as a whole number within 64 bits.
    #[inline]
    pub(super) fn whole(&self) -> Option<i128> {
        let magnitude = i128::from(self.magnitude()?);
        Some(if self.is_negative {
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
        let magnitude = decimal(self.text().trim_start_matches('-'))?;
        Some(if self.is_negative {
            -i128::from(magnitude)
        } else {
            i128::from(magnitude)
        })
    }

    /// The nearest double; none if it is infinite, or if the number is whole
    /// and beyond 2^53.
    #[inline]
    pub(super) fn float64(&self) -> Option<f64> {
        if let Some(value) = self.short_float() {
            return Some(value);
        }
        if self.is_whole() && self.magnitude().is_none_or(|n| n > F64_WHOLE) {
            return None;
        }
        self.text().parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// The nearest float; none if it is infinite, or if the number is whole
    /// and beyond 2^24.
    pub(super) fn float32(&self) -> Option<f32> {
        if self.is_whole() && self.magnitude().is_none_or(|n| n > F32_WHOLE) {
            return None;
        }
        self.text().parse().ok().filter(|n: &f32| n.is_finite())
    }

    /// Whether it is written as a whole number below 0.
    #[inline]
    pub(super) fn is_below_zero(&self) -> bool {
        // A whole number that begins with 0 is 0.
        self.is_negative && self.is_whole() && self.digits().first() != Some(&b'0')
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
        if self.n_digits <= SMALL_DIGITS {
            return Size::Small;
        }
        match self.magnitude() {
            Some(n) if n <= F64_WHOLE => Size::Small,
            Some(n) if n <= i64::MAX.unsigned_abs() => Size::Signed,
            Some(n) if self.is_negative && n == i64::MIN.unsigned_abs() => Size::Signed,
            Some(_) if !self.is_negative => Size::Unsigned,
            _ => Size::Big,
        }
    }

    /// Whether a float is beyond all doubles.
    fn is_huge(&self) -> bool {
        /// Characters that cannot write as large a number without exponent.
        const SHORT: usize = 300;
        let may_be = self.form == Form::Exponent || self.text().len() > SHORT;
        may_be && self.text().parse().is_ok_and(f64::is_infinite)
    }
}

/// The number that the first `n` bytes write, digits all; modulo 2^64.
#[inline]
fn leading(digits: &[u8], n: usize) -> u64 {
    match digits.first_chunk() {
        Some(word) if (1..=word.len()).contains(&n) => number_of(*word, n),
        _ => digits.iter().take(n).fold(0, |number: u64, digit| {
            number
                .wrapping_mul(10)
                .wrapping_add(u64::from(*digit & 0x0f))
        }),
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

    fn number(text: &str) -> JsonNumber<'_> {
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
    fn short_floats_are_those_of_the_standard_library() {
        let mut random = 1_u64;
        for _ in 0..400_000 {
            // The generator of Knuth's MMIX.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let bits = random >> 8;
            let digits = (bits % 10_u64.pow(u32::try_from(1 + bits % 17).unwrap())).to_string();
            let point = 1 + usize::try_from(random >> 40).unwrap() % digits.len();
            let (whole, fraction) = digits.split_at(point);
            let whole = match whole.trim_start_matches('0') {
                "" => "0",
                whole => whole,
            };
            let sign = if random >> 63 == 1 { "-" } else { "" };
            let mut text = format!("{sign}{whole}");
            if !fraction.is_empty() {
                text = format!("{text}.{fraction}");
            }
            let expected: f64 = text.parse().unwrap();
            for line in [text.clone(), format!("{text}        ")] {
                let read = number(&line).float64();
                let is_whole_and_wide = fraction.is_empty() && expected.abs() > 9e15;
                assert!(
                    read.is_some_and(|n| n.to_bits() == expected.to_bits()) || is_whole_and_wide,
                    "{line:?}: {read:?}"
                );
            }
        }
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
