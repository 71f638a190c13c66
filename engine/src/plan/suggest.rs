//! "Did you mean": the nearest right name to a wrong one.

use crate::error::name_in_backticks;

/// The one of `known` that `got` is most likely a slip of the hand for.
///
/// Case does not count; at most a third of the letters may differ, and at
/// least one may. Failing that, the only one that begins with `got` is it.
pub(crate) fn nearest<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let got = got.to_lowercase();
    let most = (got.chars().count() / 3).max(1);
    let mut near: Option<(usize, &str)> = None;
    let mut longer = Vec::new();
    for name in known {
        let lower = name.to_lowercase();
        let distance = strsim::damerau_levenshtein(&got, &lower);
        if distance <= most && near.is_none_or(|(least, _)| distance < least) {
            near = Some((distance, name));
        }
        if !got.is_empty() && lower.starts_with(&got) {
            longer.push(name);
        }
    }
    match (near, longer.as_slice()) {
        (Some((_, name)), _) => Some(name),
        (None, [only]) => Some(only),
        _ => None,
    }
}

/// A hint towards the right name: the nearest one, else all of them where
/// they are few.
pub(crate) fn hint<'a>(
    got: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    const MOST_LISTED: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(name) = nearest(got, known.iter().copied()) {
        return Some(format!("did you mean {}?", name_in_backticks(name)));
    }
    if known.is_empty() {
        return None;
    }
    let mut listed: Vec<String> = known
        .iter()
        .take(MOST_LISTED)
        .map(|name| name_in_backticks(name))
        .collect();
    if known.len() > MOST_LISTED {
        listed.push(format!("{} more", known.len() - MOST_LISTED));
    }
    Some(format!("{what}: {}", listed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_refuses_strangers() {
        let known = ["length", "window", "overlong"];
        assert_eq!(nearest("lenght", known), Some("length"));
        assert_eq!(nearest("LENGTH", known), Some("length"));
        assert_eq!(nearest("windows", known), Some("window"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(
            nearest("cl100k", ["cl100k_base", "gpt2"]),
            Some("cl100k_base")
        );
        assert_eq!(nearest("o200k", ["o200k_base", "o200k_harmony"]), None);
    }

    #[test]
    fn lists_what_is_known_where_nothing_is_near() {
        let hint = hint("colour", "known keys", ["length", "window"]);
        assert_eq!(hint.as_deref(), Some("known keys: `length`, `window`"));
    }
}
