//! The models, post-processors and decoders against Hugging Face tokenizers.
//!
//! `tests/python/tokenizer_cases.py` writes what the reference gives into files
//! of JSON lines, each with a tokenizer in its first line. Some lie in the
//! repository; `FUELRAIL_TOKENIZER_CASES` names a folder of others.

mod damaged;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::tokenize::decode::{DecodeStream, Decoder, decode};
use crate::tokenize::encoding::{
    AddSpecial, CharOffsets, Encoding, EncodingPadding, Finish, PostProcessor, Truncation, finish,
    pad_batch,
};
use crate::tokenize::error::{EncodeError, TokenizerError};
use crate::tokenize::json::{added_tokens, decoders, lengths, models, post_processors};
use crate::tokenize::model::{Model, Scratch, WordToken};
use crate::tokenize::special::AddedToken;

struct Reference {
    model: Model,
    cut: Cut,
    post_processor: Option<PostProcessor>,
    truncation: Option<Truncation>,
    padding: Option<EncodingPadding>,
    decoder: Option<Decoder>,
    added: Vec<AddedToken>,
}

/// The pre-tokenizers that need no more than this.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Nowhere,
    AtSpaces,
    /// `ByteLevel` without its regex, on ASCII.
    Bytes,
}

/// What the reference gives for a text, or for two.
#[derive(Deserialize)]
struct Encoded {
    texts: Vec<String>,
    add_special: bool,
    expected: Option<Expected>,
    /// Encoded together, and padded to one length.
    #[serde(default)]
    batch: Vec<String>,
    #[serde(default)]
    lens: Vec<usize>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Expected {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    tokens: Vec<String>,
    offsets: Vec<(u32, u32)>,
    words: Vec<Option<u32>>,
    sequences: Vec<Option<u32>>,
    special: Vec<u8>,
    attention: Vec<u8>,
    overflowing: Vec<Expected>,
}

/// What the reference gives for ids.
#[derive(Deserialize)]
struct Decoded {
    ids: Vec<u32>,
    skip_special: bool,
    text: String,
    /// What `DecodeStream` gives for one id after another, if all goes well.
    stream: Option<Vec<Option<String>>>,
    /// The same for the second half of the ids, after the first half.
    after: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Encoded(Box<Encoded>),
    Decoded(Decoded),
}

impl Reference {
    fn read(file: &Value) -> Result<Self, TokenizerError> {
        let part = |name: &str| file.get(name).cloned().unwrap_or_default();
        let cut = match part("pre_tokenizer").get("type").and_then(Value::as_str) {
            Some("WhitespaceSplit") => Cut::AtSpaces,
            Some("ByteLevel") => Cut::Bytes,
            _ => Cut::Nowhere,
        };
        let model = models::parse(&part("model"))?;
        let added = added_tokens::parse(&part("added_tokens"), model.tokens())?;
        Ok(Self {
            model,
            cut,
            post_processor: post_processors::parse(&part("post_processor"))?,
            truncation: lengths::truncation(&part("truncation"))?,
            padding: lengths::padding(&part("padding"))?,
            decoder: decoders::parse(&part("decoder"))?,
            added: added.tokens,
        })
    }

    /// The words of a text: where each starts, and what the model is given.
    fn words<'t>(&self, text: &'t str) -> Vec<(usize, std::borrow::Cow<'t, str>)> {
        if self.cut == Cut::Bytes {
            assert!(text.is_ascii());
        }
        let separator = |c: char| self.cut == Cut::AtSpaces && c == ' ';
        let words = text.split(separator).filter(|word| !word.is_empty());
        words
            .map(|word| {
                let start = word.as_ptr() as usize - text.as_ptr() as usize;
                let word = match self.cut {
                    Cut::Bytes => word.replace(' ', "\u{120}").into(),
                    Cut::Nowhere | Cut::AtSpaces => word.into(),
                };
                (start, word)
            })
            .collect()
    }

    fn tokens(&self, text: &str, scratch: &mut Scratch) -> Result<Encoding, EncodeError> {
        let mut encoding = Encoding::default();
        for (number, (start, word)) in (0..).zip(self.words(text)) {
            let mut tokens: Vec<WordToken> = Vec::new();
            self.model.encode_word(&word, scratch, &mut tokens)?;
            for token in tokens {
                // In `Bytes`, a character of the word is a byte of the text.
                // Bytes of a character stand for all of it.
                let place = |at: usize| match self.cut {
                    Cut::Bytes => word.get(..at).unwrap().chars().count(),
                    Cut::Nowhere | Cut::AtSpaces => at,
                };
                let from = word.floor_char_boundary(token.start as usize);
                let to = word.ceil_char_boundary(token.end as usize);
                let span = ((start + place(from)) as u32, (start + place(to)) as u32);
                let shown = self.model.unknown_text(&word, token);
                encoding.push(token.id, span, Some(number), shown.map(Arc::from));
            }
        }
        encoding.spans_to_chars(&CharOffsets::new(text));
        Ok(encoding)
    }

    fn encode(&self, case: &Encoded, scratch: &mut Scratch) -> Result<Encoding, EncodeError> {
        let first = self.tokens(&case.texts[0], scratch)?;
        let second = case.texts.get(1).map(|text| self.tokens(text, scratch));
        let add = if case.add_special {
            AddSpecial::Yes
        } else {
            AddSpecial::No
        };
        let how = Finish {
            truncation: self.truncation.as_ref(),
            post_processor: self.post_processor.as_ref(),
            padding: self.padding.as_ref(),
            texts: None,
        };
        let shown = |id| {
            self.model
                .tokens()
                .token(id)
                .map(std::borrow::Cow::Borrowed)
        };
        Ok(finish(first, second.transpose()?, how, add, &shown)?)
    }

    fn shown(&self, encoding: &Encoding) -> Expected {
        let text = |at: usize| {
            let own = encoding.texts[at].as_deref();
            let text = own.or_else(|| self.model.tokens().token(encoding.ids[at]));
            text.unwrap().to_owned()
        };
        let parts = encoding.overflowing.iter();
        Expected {
            ids: encoding.ids.clone(),
            type_ids: encoding.type_ids.clone(),
            tokens: (0..encoding.len()).map(text).collect(),
            offsets: encoding.spans.clone(),
            words: encoding.words.clone(),
            sequences: encoding.sequence_ids(),
            special: encoding.special_tokens_mask.clone(),
            attention: encoding.attention_mask.clone(),
            overflowing: parts.map(|part| self.shown(part)).collect(),
        }
    }

    fn decode(&self, case: &Decoded, ids: &[u32]) -> Result<String, EncodeError> {
        let token = |id: &u32| {
            let added = self.added.iter().find(|token| token.id == *id);
            let text = match added {
                Some(token) => token.content.as_str(),
                None => self.model.tokens().token(*id)?,
            };
            let is_special = added.is_some_and(|token| token.options.special);
            (!case.skip_special || !is_special).then_some(text)
        };
        decode(ids.iter().filter_map(token), self.decoder.as_ref())
    }

    fn check(&self, case: &Case, scratch: &mut Scratch) {
        match case {
            Case::Encoded(case) => {
                let encoding = self.encode(case, scratch);
                // Hugging Face leaves out what no token covers; here it is an error.
                if let Err(EncodeError::Unknown { unknown, .. }) = &encoding
                    && unknown == "unk_token"
                {
                    return;
                }
                let shown = encoding.ok().map(|encoding| self.shown(&encoding));
                same(shown.as_ref(), case.expected.as_ref(), &case.texts);
                self.check_batch(case, scratch);
            }
            Case::Decoded(case) => {
                let text = self.decode(case, &case.ids).unwrap();
                assert_eq!(text, case.text, "{:?}", case.ids);
                let stream = DecodeStream::default();
                self.check_stream(case, stream, &case.ids, case.stream.as_deref());
                let (first, second) = case.ids.split_at(case.ids.len() / 2);
                let stream = DecodeStream::after(first.to_vec());
                self.check_stream(case, stream, second, case.after.as_deref());
            }
        }
    }

    fn check_stream(
        &self,
        case: &Decoded,
        mut stream: DecodeStream,
        ids: &[u32],
        expected: Option<&[Option<String>]>,
    ) {
        for (id, part) in ids.iter().zip(expected.unwrap_or_default()) {
            let given = stream.step(&[*id], |ids| self.decode(case, ids)).unwrap();
            assert_eq!(&given, part, "{:?}", case.ids);
        }
    }

    fn check_batch(&self, case: &Encoded, scratch: &mut Scratch) {
        let Some(padding) = self.padding.as_ref().filter(|_| !case.batch.is_empty()) else {
            return;
        };
        let alone = |text: &String| Encoded {
            texts: vec![text.clone()],
            add_special: case.add_special,
            expected: None,
            batch: Vec::new(),
            lens: Vec::new(),
        };
        let texts = case.batch.iter();
        let mut batch: Vec<Encoding> = texts
            .filter_map(|text| self.encode(&alone(text), scratch).ok())
            .collect();
        if batch.len() < case.batch.len() {
            return;
        }
        pad_batch(&mut batch, padding);
        let lens: Vec<usize> = batch.iter().map(Encoding::len).collect();
        assert_eq!(lens, case.lens, "{:?}", case.batch);
    }
}

/// Looks at overflowing parts one by one: an error that shows all is unreadable.
fn same(ours: Option<&Expected>, theirs: Option<&Expected>, texts: &[String]) {
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let n_parts = [ours.overflowing.len(), theirs.overflowing.len()];
        assert_eq!(n_parts[0], n_parts[1], "{texts:?}");
        for (at, (ours, theirs)) in ours.overflowing.iter().zip(&theirs.overflowing).enumerate() {
            assert_eq!(ours, theirs, "part {at} of {texts:?}");
        }
    }
    assert_eq!(ours, theirs, "{texts:?}");
}

fn check_file(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let file: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let reference = Reference::read(&file).unwrap_or_else(|error| panic!("{error}"));
    let post_processor = reference.post_processor.iter();
    for named in post_processor.flat_map(PostProcessor::named_tokens) {
        let token = reference.model.tokens().token(named.id);
        assert!(token.is_some(), "{named:?}");
    }
    let mut scratch = Scratch::default();
    let mut n_cases = 0;
    for line in lines {
        reference.check(&serde_json::from_str(line).unwrap(), &mut scratch);
        n_cases += 1;
    }
    n_cases
}

/// The files of the cases, in order.
fn paths() -> Vec<PathBuf> {
    let folder = std::env::var_os("FUELRAIL_TOKENIZER_CASES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tokenizer_cases"),
        PathBuf::from,
    );
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[test]
fn all_is_as_hugging_face_has_it() {
    let paths = paths();
    let mut n_cases = 0;
    for path in &paths {
        // The test prints it if a case fails.
        #[expect(clippy::print_stdout, reason = "names the file of a failure")]
        {
            println!("{}", path.display());
        }
        n_cases += check_file(path);
    }
    assert!(paths.len() >= 12 && n_cases >= 300, "{n_cases} cases");
}
