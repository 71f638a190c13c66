//! Counts and sizes in words.

/// `1 file`, `2 files`.
pub(crate) fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

/// A number of bytes to about three digits.
pub(crate) fn amount(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return counted(bytes, "byte");
    }
    // Tenths, so that no float rounds differently anywhere.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_one_decimal() {
        assert_eq!(amount(0), "0 bytes");
        assert_eq!(amount(1), "1 byte");
        assert_eq!(amount(1023), "1023 bytes");
        assert_eq!(amount(1536), "1.5 KiB");
        assert_eq!(amount((1 << 20) - 1), "1023.9 KiB");
        assert_eq!(amount(5 << 30), "5.0 GiB");
        assert_eq!(amount(u64::MAX), "16777215.9 TiB");
    }
}
