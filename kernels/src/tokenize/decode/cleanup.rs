//! English without the spaces that tokens have before punctuation.

/// What is replaced, one after another.
const REPLACED: [(&str, &str); 11] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

/// The text of a token without spaces before punctuation and contractions.
pub(super) fn cleanup(mut text: String) -> String {
    // All that is replaced starts with a space.
    if !text.contains(' ') {
        return text;
    }
    for (from, to) in REPLACED {
        if text.contains(from) {
            text = text.replace(from, to);
        }
    }
    text
}
