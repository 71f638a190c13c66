//! `strftime_now`: a time that the caller gives, as `strftime` prints it.

use std::fmt::Write;
use std::ops::Range;

use super::error::Exception;

/// What `strftime_now` tells a template. A rendering never reads the time of
/// day by itself, so that the same conversation gives the same text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChatClock {
    /// `strftime_now` is an error.
    #[default]
    Unset,
    /// Seconds since 1970-01-01 00:00:00 on the clock that templates are to
    /// read: add the offset of the time zone to have local time.
    Seconds(i64),
}

/// What the clock may say: years 1 to 9999, as datetime has them.
const SECONDS: Range<i64> = -62_135_596_800..253_402_300_800;

impl ChatClock {
    /// The clock at so many seconds since 1970; none beyond the years 1 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        SECONDS.contains(&seconds).then_some(Self::Seconds(seconds))
    }

    /// The time that a text such as `2024-07-26` or `2024-07-26 12:30:00` says,
    /// with a `T` in the place of the space or not; none where it says none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, numbers(time, ':')?),
            None => (text, vec![0, 0]),
        };
        let [year, month, day] = numbers(date, '-')?[..] else {
            return None;
        };
        let (hour, minute, second) = match time[..] {
            [hour, minute] => (hour, minute, 0),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let before = month_lengths(year).into_iter().zip(1..);
        let before = before.filter(|(_, number)| *number < month);
        let days = days_before_year(year) + before.map(|(len, _)| len).sum::<i64>() + day - 1;
        // There is no such day where it is another one's name.
        let is_day = civil(days) == (year, month, day);
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
        Self::from_seconds(seconds).filter(|_| is_day)
    }
}

/// Numbers of few digits between separators.
fn numbers(text: &str, separator: char) -> Option<Vec<i64>> {
    let number = |part: &str| {
        let is_short = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_short)
    };
    text.split(separator).map(number).collect()
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date and time of the Gregorian calendar.
#[derive(Debug, Clone, Copy)]
struct Moment {
    year: i64,
    /// From 1.
    month: i64,
    day: i64,
    /// From 0.
    day_of_year: i64,
    /// From 0, Sunday.
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    fn from_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(86_400);
        let time = seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days);
        let start = days_before_year(year);
        Self {
            year,
            month,
            day,
            day_of_year: days - start,
            weekday: (days + 4).rem_euclid(7),
            hour: time / 3600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }
}

/// Days from 1970-01-01 to the first of January of a year.
fn days_before_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // Not after the year: it is looked for from here on.
    let most = if days < 0 { 365 } else { 366 };
    let mut year = 1970 + days.div_euclid(most);
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut rest = days - days_before_year(year);
    for (month, len) in (1..).zip(month_lengths(year)) {
        if rest < len {
            return (year, month, rest + 1);
        }
        rest -= len;
    }
    (year, 12, rest + 1)
}

/// The days of the months before December.
fn month_lengths(year: i64) -> [i64; 11] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30]
}

/// `datetime.now().strftime(format)` in the C locale.
pub(super) fn strftime(clock: ChatClock, format: &str) -> Result<String, Exception> {
    let ChatClock::Seconds(seconds) = clock else {
        return Err(Exception::unsupported("`strftime_now` without a clock"));
    };
    if !SECONDS.contains(&seconds) {
        return Err(Exception::python(
            "the clock is out of range: expected years 1 to 9999",
        ));
    }
    let moment = Moment::from_seconds(seconds);
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut directive = chars.next();
        let unpadded = directive == Some('-');
        if unpadded {
            directive = chars.next();
        }
        let text = directive.and_then(|directive| directed(moment, directive));
        let Some(text) = text else {
            let directive = directive.map_or(String::new(), String::from);
            return Err(Exception::unsupported(format!(
                "`%{directive}` in `strftime_now`"
            )));
        };
        if unpadded {
            let short = text.trim_start_matches(['0', ' ']);
            out.push_str(if short.is_empty() { "0" } else { short });
        } else {
            out.push_str(&text);
        }
    }
    Ok(out)
}

fn name(names: &[&'static str], at: i64) -> &'static str {
    let at = usize::try_from(at).unwrap_or(0);
    names.get(at).copied().unwrap_or("")
}

fn directed(moment: Moment, directive: char) -> Option<String> {
    let Moment {
        year, month, day, ..
    } = moment;
    let Moment {
        hour,
        minute,
        second,
        ..
    } = moment;
    let hour12 = (hour + 11) % 12 + 1;
    let half = if hour < 12 { "AM" } else { "PM" };
    let weekday = name(&DAYS, moment.weekday);
    let month_name = name(&MONTHS, month - 1);
    let mut out = String::new();
    let written = match directive {
        'Y' => write!(out, "{year}"),
        'm' => write!(out, "{month:02}"),
        'd' => write!(out, "{day:02}"),
        'e' => write!(out, "{day:2}"),
        'H' => write!(out, "{hour:02}"),
        'I' => write!(out, "{hour12:02}"),
        'M' => write!(out, "{minute:02}"),
        'S' => write!(out, "{second:02}"),
        'f' => write!(out, "000000"),
        'p' => write!(out, "{half}"),
        'y' => write!(out, "{:02}", year % 100),
        'j' => write!(out, "{:03}", moment.day_of_year + 1),
        'B' => write!(out, "{month_name}"),
        'b' | 'h' => write!(out, "{}", month_name.get(..3)?),
        'A' => write!(out, "{weekday}"),
        'a' => write!(out, "{}", weekday.get(..3)?),
        'w' => write!(out, "{}", moment.weekday),
        'u' => write!(out, "{}", (moment.weekday + 6) % 7 + 1),
        'U' => write!(out, "{:02}", (moment.day_of_year + 7 - moment.weekday) / 7),
        'W' => write!(
            out,
            "{:02}",
            (moment.day_of_year + 7 - (moment.weekday + 6) % 7) / 7
        ),
        'F' => write!(out, "{year}-{month:02}-{day:02}"),
        'T' | 'X' => write!(out, "{hour:02}:{minute:02}:{second:02}"),
        'R' => write!(out, "{hour:02}:{minute:02}"),
        'D' | 'x' => write!(out, "{month:02}/{day:02}/{:02}", year % 100),
        'Z' | 'z' => Ok(()),
        'n' => out.write_char('\n'),
        't' => out.write_char('\t'),
        '%' => write!(out, "%"),
        _ => return None,
    };
    written.ok().map(|()| out)
}
