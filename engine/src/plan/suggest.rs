//! "Did you mean": the nearest right name to a wrong one.

/// The one of `known` that `got` is most likely a slip of the hand for.
///
/// Case does not count; at most a third of the letters may differ, and at
/// least one may.
pub(crate) fn nearest<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let got = got.to_lowercase();
    let most = (got.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| {
            let distance = strsim::damerau_levenshtein(&got, &name.to_lowercase());
            (distance, name)
        })
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
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
        return Some(format!("did you mean `{name}`?"));
    }
    if known.is_empty() {
        return None;
    }
    let mut listed: Vec<String> = known
        .iter()
        .take(MOST_LISTED)
        .map(|name| format!("`{name}`"))
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
    }

    #[test]
    fn lists_what_is_known_where_nothing_is_near() {
        let hint = hint("colour", "known keys", ["length", "window"]);
        assert_eq!(hint.as_deref(), Some("known keys: `length`, `window`"));
    }
}
