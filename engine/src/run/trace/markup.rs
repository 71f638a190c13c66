//! HTML in which nothing from outside is markup.

use super::super::harmless::harmless;

/// A piece of HTML. What is written in this program goes in as it is; anything else
/// goes in as text, with what has a meaning in HTML or turns the direction of writing
/// escaped.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Adds markup of ours.
    pub(super) fn raw(&mut self, html: &'static str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// Adds text on one line, between tags or in quotation marks.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(&harmless(text));
        self
    }

    /// Adds text with its lines and tabs.
    pub(super) fn lines(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '\n' | '\t' => self.0.push(c),
                c => {
                    self.text(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        self
    }

    /// Adds another piece.
    pub(super) fn piece(&mut self, piece: &Self) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }

    /// All of it.
    pub(super) fn into_html(self) -> String {
        self.0
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let mut html = Markup::default();
        html.raw("<p title=\"").text("a\" onload='x'").raw("\">");
        html.text("<script>&\n\u{202e}\0").raw("</p>");
        assert_eq!(
            html.into_html(),
            "<p title=\"a&quot; onload=&#39;x&#39;\">&lt;script&gt;&amp;\\n\\u{202e}\\u{0}</p>"
        );
    }

    #[test]
    fn lines_stay_lines() {
        let mut html = Markup::default();
        html.lines("a\n\tb<\r\n\nc");
        assert_eq!(html.into_html(), "a\n\tb&lt;\\r\n\nc");
    }
}
