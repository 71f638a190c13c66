//! Reads a regular expression in Oniguruma's syntax of Ruby, which is what
//! Hugging Face gives it, or in that of `fancy-regex`, which tiktoken runs. What is
//! not read here is refused by name.

use regex_syntax::hir::ClassUnicode;

use super::brackets;
use super::cursor::{Folding, PatternCursor};
use super::escape::{self, Escape};
use super::fancy;
use super::fold;
use super::node::{Anchor, Look, PatternNode, RepeatKind, Times};
use super::properties::{self, Shorthand, Within};

/// Groups within groups.
const DEPTH_MAX: usize = 100;
/// Bytes of a pattern.
const LEN_MAX: usize = 1 << 14;
/// The most that a repetition may count, as in Oniguruma.
const COUNT_MAX: u32 = 100_000;

/// Whose syntax a pattern is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternSyntax {
    Oniguruma,
    FancyRegex,
}

impl PatternSyntax {
    /// `\w`, which is on one side of `\b`.
    pub(super) fn word(self) -> Result<ClassUnicode, String> {
        match self {
            Self::Oniguruma => Ok(Shorthand::Word.set(Within::Nothing)),
            Self::FancyRegex => fancy::word(),
        }
    }
}

/// Reads a pattern.
///
/// # Errors
/// What it uses that is not supported, or is wrong.
pub(super) fn parse(pattern: &str, syntax: PatternSyntax) -> Result<PatternNode, String> {
    if pattern.len() > LEN_MAX {
        return Err(format!(
            "a pattern of {} bytes, limit {LEN_MAX}",
            pattern.len()
        ));
    }
    let mut parser = Parser {
        cursor: PatternCursor::new(pattern),
        syntax,
        depth: 0,
    };
    let node = parser.alternatives(Options::default())?;
    match parser.cursor.peek() {
        None => Ok(node),
        Some(_) => Err("a `)` too many".to_owned()),
    }
}

/// What options such as `(?im-im)` turn on and off.
#[derive(Debug, Clone, Copy)]
struct Options {
    folding: Folding,
    dot: Dot,
}

/// What `.` matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dot {
    NotNewline,
    Any,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            folding: Folding::Off,
            dot: Dot::NotNewline,
        }
    }
}

struct Parser<'p> {
    cursor: PatternCursor<'p>,
    syntax: PatternSyntax,
    depth: usize,
}

impl Parser<'_> {
    /// Alternatives up to the end of the group or of the pattern.
    fn alternatives(&mut self, mut options: Options) -> Result<PatternNode, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("groups more than {DEPTH_MAX} deep"));
        }
        if self.syntax == PatternSyntax::FancyRegex {
            self.leading_options(&mut options);
        }
        let mut found = vec![self.sequence(options)?];
        while self.cursor.eat('|') {
            found.push(self.sequence(options)?);
        }
        self.depth -= 1;
        Ok(one_or(found, PatternNode::Alternate))
    }

    /// What comes before the next `|` or `)`.
    fn sequence(&mut self, options: Options) -> Result<PatternNode, String> {
        let mut nodes = Vec::new();
        while !matches!(self.cursor.peek(), None | Some('|' | ')')) {
            let node = self.item(options)?;
            let node = self.repeated(node)?;
            if options.folding == Folding::Full
                && let Some(before) = nodes.last()
            {
                fold::check_neighbours(before, &node)?;
            }
            nodes.push(node);
        }
        Ok(one_or(nodes, PatternNode::Concat))
    }

    /// One thing, before it is repeated.
    fn item(&mut self, options: Options) -> Result<PatternNode, String> {
        let Some(c) = self.cursor.next() else {
            return Ok(PatternNode::empty());
        };
        match c {
            '(' => self.group(options),
            '[' => {
                let read = match self.syntax {
                    PatternSyntax::Oniguruma => brackets::read,
                    PatternSyntax::FancyRegex => fancy::class,
                };
                read(&mut self.cursor, options.folding).map(PatternNode::Set)
            }
            '\\' => self.escaped(options),
            '.' => Ok(PatternNode::Set(match options.dot {
                Dot::NotNewline => properties::dot(),
                Dot::Any => properties::any(),
            })),
            '^' | '$' if self.syntax == PatternSyntax::FancyRegex => {
                Ok(PatternNode::At(fancy::edge(c)))
            }
            '^' => Ok(PatternNode::At(Anchor::LineStart)),
            '$' => Ok(PatternNode::At(Anchor::LineEnd)),
            '*' | '+' | '?' => Err(format!("a `{c}` that repeats nothing")),
            _ => literal(c, options.folding),
        }
    }

    fn escaped(&mut self, options: Options) -> Result<PatternNode, String> {
        let escape = match self.syntax {
            PatternSyntax::Oniguruma => escape::read(&mut self.cursor, Within::Nothing)?,
            PatternSyntax::FancyRegex => fancy::escape(&mut self.cursor, options.folding)?,
        };
        Ok(match escape {
            Escape::Char(c) => return literal(c, options.folding),
            Escape::Set(set) => PatternNode::Set(set),
            Escape::Anchor(anchor) => PatternNode::At(anchor),
            Escape::LineBreak => line_break(),
        })
    }

    /// After `(`.
    fn group(&mut self, options: Options) -> Result<PatternNode, String> {
        if !self.cursor.eat('?') {
            return self.body(options);
        }
        let look = |look| {
            move |node| PatternNode::Look {
                look,
                node: Box::new(node),
            }
        };
        if self.cursor.eat(':') {
            self.body(options)
        } else if self.cursor.eat('>') {
            self.body(options)
                .map(|node| PatternNode::Atomic(Box::new(node)))
        } else if self.cursor.eat('=') {
            self.body(options).map(look(Look::Ahead))
        } else if self.cursor.eat('!') {
            self.body(options).map(look(Look::NotAhead))
        } else if self.cursor.eat_text("<=") {
            self.body(options).map(look(Look::Behind))
        } else if self.cursor.eat_text("<!") {
            self.body(options).map(look(Look::NotBehind))
        } else if self.cursor.eat('<') || self.eat_python_name() {
            self.name()?;
            self.body(options)
        } else if self.cursor.eat('#') {
            self.comment()
        } else {
            self.with_options(options)
        }
    }

    /// `P<`, before the name of a group.
    fn eat_python_name(&mut self) -> bool {
        self.syntax == PatternSyntax::FancyRegex && self.cursor.eat_text("P<")
    }

    /// The rest of a group, with its `)`.
    fn body(&mut self, options: Options) -> Result<PatternNode, String> {
        let node = self.alternatives(options)?;
        if self.cursor.eat(')') {
            Ok(node)
        } else {
            Err("a group without end".to_owned())
        }
    }

    /// The name of a group, after `(?<`.
    fn name(&mut self) -> Result<(), String> {
        let name = self.cursor.take_while(|c| c.is_alphanumeric() || c == '_');
        if name.is_empty() || !self.cursor.eat('>') {
            return Err("a group of an uncommon kind".to_owned());
        }
        Ok(())
    }

    /// After `(?#`.
    fn comment(&mut self) -> Result<PatternNode, String> {
        let text = self.cursor.take_while(|c| c != ')');
        if text.contains('\\') || !self.cursor.eat(')') {
            return Err("a comment without a plain end".to_owned());
        }
        Ok(PatternNode::empty())
    }

    /// After `(?`, where options come: for a group of their own, or for all
    /// that follows in this one, with its alternatives.
    fn with_options(&mut self, mut options: Options) -> Result<PatternNode, String> {
        match self.options(&mut options) {
            Some(':') => self.body(options),
            // To `fancy-regex` the alternatives are those of the group around.
            Some(')') if self.syntax == PatternSyntax::FancyRegex => {
                Err("options amid a group".to_owned())
            }
            Some(')') => self.alternatives(options),
            _ => Err("a group of an uncommon kind".to_owned()),
        }
    }

    /// Options at the start of a group, which are for all of it.
    fn leading_options(&mut self, options: &mut Options) {
        loop {
            let start = self.cursor.clone();
            let mut changed = *options;
            if !self.cursor.eat_text("(?") || self.options(&mut changed) != Some(')') {
                self.cursor = start;
                return;
            }
            *options = changed;
        }
    }

    /// Reads what options turn on and off, and the character after them.
    fn options(&mut self, options: &mut Options) -> Option<char> {
        let (dot_option, folding_on) = match self.syntax {
            PatternSyntax::Oniguruma => ('m', Folding::Full),
            PatternSyntax::FancyRegex => ('s', Folding::Simple),
        };
        let mut folding = folding_on;
        let mut dot = Dot::Any;
        loop {
            match self.cursor.next() {
                Some('-') => (folding, dot) = (Folding::Off, Dot::NotNewline),
                Some('i') => options.folding = folding,
                Some(c) if c == dot_option => options.dot = dot,
                other => return other,
            }
        }
    }

    /// Reads what says how often `node` is repeated.
    fn repeated(&mut self, mut node: PatternNode) -> Result<PatternNode, String> {
        let mut n_times = 0;
        while let Some((times, is_interval)) = self.times()? {
            n_times += 1;
            if n_times > DEPTH_MAX {
                return Err(format!("more than {DEPTH_MAX} repetitions of repetitions"));
            }
            if matches!(node, PatternNode::Look { .. } | PatternNode::At(_)) {
                return Err("a condition that is repeated".to_owned());
            }
            let kind = self.kind(times, is_interval);
            if let PatternNode::Repeat { kind: before, .. } = &node
                && (*before == RepeatKind::Lazy || kind == RepeatKind::Lazy)
                && self.syntax == PatternSyntax::Oniguruma
            {
                return Err("a lazy repetition that is repeated".to_owned());
            }
            node = PatternNode::Repeat {
                node: Box::new(node),
                times,
                kind,
            };
            if self.syntax == PatternSyntax::FancyRegex && self.times()?.is_some() {
                return Err("a repetition that is repeated".to_owned());
            }
        }
        Ok(node)
    }

    /// After the times, whether they are lazy or possessive. To Oniguruma,
    /// `+` after an interval is one more repetition, and so is `?` if the
    /// interval is one number.
    fn kind(&mut self, times: Times, is_interval: Interval) -> RepeatKind {
        let is_interval = match self.syntax {
            PatternSyntax::Oniguruma => is_interval,
            PatternSyntax::FancyRegex => Interval::No,
        };
        let is_exact = is_interval == Interval::Yes && times.max == Some(times.min);
        if !is_exact && self.cursor.eat('?') {
            RepeatKind::Lazy
        } else if is_interval == Interval::No && self.cursor.eat('+') {
            RepeatKind::Possessive
        } else {
            RepeatKind::Greedy
        }
    }

    fn times(&mut self) -> Result<Option<(Times, Interval)>, String> {
        let (min, max) = match self.cursor.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.interval(),
            _ => return Ok(None),
        };
        self.cursor.next();
        Ok(Some((Times { min, max }, Interval::No)))
    }

    /// `{n}`, `{n,}`, `{n,m}` or `{,m}`, to `fancy-regex` also `{,}`; another
    /// `{` is a character.
    fn interval(&mut self) -> Result<Option<(Times, Interval)>, String> {
        let start = self.cursor.clone();
        self.cursor.next();
        let min = self.count()?;
        let has_comma = self.cursor.eat(',');
        let max = if has_comma { self.count()? } else { min };
        let has_count = min.is_some() || max.is_some();
        let may_lack_counts = has_comma && self.syntax == PatternSyntax::FancyRegex;
        if !self.cursor.eat('}') || !(has_count || may_lack_counts) {
            self.cursor = start;
            return Ok(None);
        }
        let min = min.unwrap_or(0);
        if max.is_some_and(|max| max < min) {
            return Err(format!("an interval from {min} down"));
        }
        Ok(Some((Times { min, max }, Interval::Yes)))
    }

    fn count(&mut self) -> Result<Option<u32>, String> {
        let digits = self.cursor.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse() {
            Ok(count) if count <= COUNT_MAX => Ok(Some(count)),
            _ => Err(format!("a repetition {digits} times, limit {COUNT_MAX}")),
        }
    }
}

/// Whether times were spelled in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interval {
    Yes,
    No,
}

fn one_or(
    mut nodes: Vec<PatternNode>,
    several: impl Fn(Vec<PatternNode>) -> PatternNode,
) -> PatternNode {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => several(nodes),
    }
}

fn literal(c: char, folding: Folding) -> Result<PatternNode, String> {
    let PatternNode::Set(mut set) = PatternNode::char(c) else {
        return Ok(PatternNode::empty());
    };
    fold::fold(&mut set, folding)?;
    Ok(PatternNode::Set(set))
}

/// `\R`: a newline of any kind, which is not taken apart again.
fn line_break() -> PatternNode {
    let mut ends = ClassUnicode::empty();
    for (start, end) in [('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')] {
        ends.push(regex_syntax::hir::ClassUnicodeRange::new(start, end));
    }
    let pair = PatternNode::Concat(vec![PatternNode::char('\r'), PatternNode::char('\n')]);
    PatternNode::Atomic(Box::new(PatternNode::Alternate(vec![
        pair,
        PatternNode::Set(ends),
    ])))
}
