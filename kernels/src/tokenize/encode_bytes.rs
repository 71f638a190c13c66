//! Bytes that are not UTF-8, to ids.

use std::ops::Range;
use std::sync::Arc;

use super::byte_bpe::ByteBpe;
use super::encoder::Encoder;
use super::error::EncodeError;
use super::sink::IdSink;
use super::special::Special;
use super::tokenizer::Tokenizer;
use super::vocab::Vocab;

impl Tokenizer {
    /// Sees to it that [`Encoder::encode_bytes`] has ids for all bytes.
    ///
    /// # Errors
    /// `NoBytes` if the vocabulary is not byte-level, or lacks a byte.
    pub fn check_bytes(&self) -> Result<(), EncodeError> {
        self.model_of_bytes().map(|_| ())
    }

    fn model_of_bytes(&self) -> Result<&ByteBpe, EncodeError> {
        let refuse = |why: String| EncodeError::NoBytes { why };
        let model = self.route.byte_level();
        let model = model.ok_or_else(|| refuse("its vocabulary is not byte-level".to_owned()))?;
        match (0..=u8::MAX).find(|&byte| model.vocab.byte_id(byte).is_none()) {
            Some(byte) => Err(refuse(format!("byte {byte:#04x} is no token of it"))),
            None => Ok(model),
        }
    }
}

impl Encoder {
    /// Appends the ids of bytes; those of UTF-8 are as [`Self::encode`] gives them.
    ///
    /// What is not UTF-8 is encoded as tiktoken's `_encode_bytes` does it: from
    /// the last word before the first wrong byte on, all bytes are one word. They
    /// decode to the same bytes.
    ///
    /// # Errors
    /// `NoBytes` if there are no ids for such bytes, else as [`Self::encode`].
    /// `ids` is then as before.
    pub fn encode_bytes(
        &mut self,
        bytes: &[u8],
        special: Special,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        let valid = match str::from_utf8(bytes) {
            Ok(text) => return self.encode(text, special, ids),
            Err(error) => error.valid_up_to(),
        };
        let len_bytes = bytes.len();
        if len_bytes >= u32::MAX as usize {
            return Err(EncodeError::TooLong { len_bytes });
        }
        let tokenizer = Arc::clone(self.tokenizer());
        let model = tokenizer.model_of_bytes()?;
        let (text, rest) = bytes.split_at(valid);
        let mut sink = LastWord::of(ids);
        self.encode_into(str::from_utf8(text).unwrap_or_default(), special, &mut sink)?;
        let start = sink.start(&model.vocab);
        let mut word = Vec::with_capacity(rest.len());
        for &id in ids.get(start..).unwrap_or_default() {
            word.extend_from_slice(model.vocab.token(id).unwrap_or_default());
        }
        word.extend_from_slice(rest);
        ids.truncate(start);
        model.merge_word(&word, &mut self.state.words.merging.merger, ids);
        Ok(())
    }
}

/// Ids, and where those of the last word start.
struct LastWord<'a> {
    ids: &'a mut Vec<u32>,
    /// What was there before.
    n_before: usize,
    start: usize,
    end: usize,
}

impl<'a> LastWord<'a> {
    fn of(ids: &'a mut Vec<u32>) -> Self {
        let n_before = ids.len();
        Self {
            ids,
            n_before,
            start: n_before,
            end: n_before,
        }
    }

    /// Where the ids start that do not stand whatever comes next. tiktoken takes
    /// white space before white space for such.
    fn start(&self, vocab: &Vocab) -> usize {
        let is_space = |at: usize| {
            let token = self.ids.get(at).and_then(|&id| vocab.token(id));
            token.is_some_and(|token| token.iter().all(|byte| b" \n\t".contains(byte)))
        };
        let mut start = self.start;
        if start < self.end && is_space(start) {
            while start > self.n_before && is_space(start - 1) {
                start -= 1;
            }
        }
        start
    }
}

impl IdSink for LastWord<'_> {
    const WORDS: bool = true;

    fn n_ids(&self) -> usize {
        self.ids.len()
    }

    fn put(&mut self, ids: &[u32]) {
        self.ids.extend_from_slice(ids);
    }

    fn put_added(&mut self, id: u32, _bytes: Range<usize>) {
        self.ids.push(id);
        (self.start, self.end) = (self.ids.len(), self.ids.len());
    }

    fn end_word(&mut self, n_ids: usize) {
        (self.start, self.end) = (self.end, n_ids);
    }

    fn truncate(&mut self, n_ids: usize) {
        self.ids.truncate(n_ids);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(encoder: &mut Encoder, bytes: &[u8], special: Special) -> Vec<u32> {
        let mut ids = vec![7];
        encoder.encode_bytes(bytes, special, &mut ids).unwrap();
        ids.split_off(1)
    }

    /// As tiktoken 0.14 has them; more are compared in `test_invalid_utf8.py`.
    #[test]
    fn ids_are_those_of_tiktoken() {
        let tokenizer = Tokenizer::builtin("cl100k_base").unwrap();
        let mut encoder = Encoder::new(Arc::new(tokenizer));
        for (bytes, expected) in [
            (&b"\xff"[..], &[187][..]),
            (b"Hello \xe5\x8c world", &[9906, 95405, 1917]),
            (b"a \n \t\xff", &[64, 720, 7163, 187]),
        ] {
            assert_eq!(
                ids(&mut encoder, bytes, Special::Text),
                expected,
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn they_decode_to_the_same_bytes() {
        let tokenizer = Arc::new(Tokenizer::builtin("o200k_base").unwrap());
        let mut encoder = Encoder::new(Arc::clone(&tokenizer));
        let text = "na\u{ef}ve <|endoftext|>  \u{1f680}\n";
        for (at, byte) in (0..text.len()).flat_map(|at| [(at, 0xff), (at, 0xc3), (at, b'x')]) {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = byte;
            for special in [Special::Text, Special::Parse] {
                let ids = ids(&mut encoder, &bytes, special);
                assert_eq!(tokenizer.decode(&ids).unwrap(), bytes, "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_special_token_is_not_taken_apart() {
        let tokenizer = Tokenizer::builtin("gpt2").unwrap();
        let mut encoder = Encoder::new(Arc::new(tokenizer));
        let bytes = b"a<|endoftext|>\xff";
        assert_eq!(ids(&mut encoder, bytes, Special::Parse), [64, 50_256, 187]);
    }

    #[test]
    fn vocabularies_without_bytes_refuse_them() {
        let file = r#"{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}"#;
        let tokenizer = Tokenizer::from_tokenizer_json(file.as_bytes()).unwrap();
        let mut encoder = Encoder::new(Arc::new(tokenizer));
        let mut ids = vec![7];
        let error = encoder
            .encode_bytes(b"a\xff", Special::Text, &mut ids)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the tokenizer has no ids for bytes that are not UTF-8: its vocabulary is not byte-level"
        );
        assert_eq!(ids, [7]);
        encoder.encode_bytes(b"a", Special::Text, &mut ids).unwrap();
        assert_eq!(ids, [7, 0]);
    }
}
