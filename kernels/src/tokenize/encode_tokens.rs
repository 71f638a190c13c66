//! Text to tokens with what is known of each: where it is in the text, and in
//! which word.

use std::ops::Range;
use std::sync::Arc;

use super::batch::Words;
use super::byte_bpe::ByteBpe;
use super::encoder::{Encoder, EncoderState};
use super::encoding::{
    CharOffsets, EncodeOptions, Encoding, EncodingPadding, Finish, OffsetUnit, TextLens, finish,
};
use super::error::EncodeError;
use super::model::WordToken;
use super::pipeline::{PipelinePart, TokenPipeline};
use super::pretokenize::{CutText, WordRun};
use super::route::Route;
use super::sentencepiece::SentencePiece;
use super::special::{Special, StretchPart, each_stretch};
use super::text::{AlignedPiece, Track};
use super::tokenizer::Tokenizer;

/// Tokens under construction, and how many words there are so far.
#[derive(Default)]
struct Tokens {
    encoding: Encoding,
    n_words: u32,
    ids: Vec<u32>,
}

impl Encoder {
    /// The tokens of a text, or of two, with offsets, words, types and masks:
    /// Hugging Face's `encode`.
    ///
    /// # Errors
    /// As [`Self::encode`]; `Truncation` where the tokens cannot be truncated as
    /// the options say.
    pub fn encode_tokens(
        &mut self,
        first: &str,
        second: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Encoding, EncodeError> {
        let padding = options.padding.as_ref();
        let (encoding, _) = self.encode_padded((first, second), options, padding)?;
        Ok(encoding)
    }

    /// The same with such padding, and how many tokens there are of each text.
    pub(super) fn encode_padded(
        &mut self,
        (first, second): (&str, Option<&str>),
        options: &EncodeOptions,
        padding: Option<&EncodingPadding>,
    ) -> Result<(Encoding, TextLens), EncodeError> {
        let tokenizer = Arc::clone(self.tokenizer());
        let texts = [first, second.unwrap_or_default()];
        let first = self.state.tokens_of(&tokenizer, first, options)?;
        let second = second
            .map(|second| self.state.tokens_of(&tokenizer, second, options))
            .transpose()?;
        let lens = (first.len(), second.as_ref().map(Encoding::len));
        let how = Finish {
            truncation: options.truncation.as_ref(),
            post_processor: tokenizer.after.post_processor.as_ref(),
            padding,
            texts: (options.offsets == OffsetUnit::Bytes).then_some(texts),
        };
        let shown = |id| tokenizer.spelled(id);
        let encoding = finish(first, second, how, options.add_special, &shown)?;
        Ok((encoding, lens))
    }
}

impl EncoderState {
    fn tokens_of(
        &mut self,
        tokenizer: &Tokenizer,
        text: &str,
        options: &EncodeOptions,
    ) -> Result<Encoding, EncodeError> {
        if text.len() >= u32::MAX as usize {
            return Err(EncodeError::TooLong {
                len_bytes: text.len(),
            });
        }
        let mut tokens = Tokens::default();
        let special = options.special;
        each_stretch(tokenizer.raw.as_ref(), text, special, |part| match part {
            StretchPart::Text { text, start } => {
                let stretch = (text, start);
                match &tokenizer.route {
                    Route::Bytes(model) => {
                        self.bytes_of((tokenizer, special), model, stretch, &mut tokens)
                    }
                    Route::Pipeline(model) => {
                        self.words_of((tokenizer, special), model, stretch, &mut tokens)
                    }
                    Route::SentencePiece(model) => {
                        self.pieces_of(model, stretch, &mut tokens);
                        Ok(())
                    }
                }
            }
            StretchPart::Token { id, start, text } => {
                tokens.added(tokenizer, id, (start..start + text.len(), text));
                Ok(())
            }
        })?;
        let mut encoding = tokens.encoding;
        if options.offsets == OffsetUnit::Chars && !text.is_ascii() {
            let offsets = CharOffsets::new(text);
            let has_end = match &tokenizer.route {
                Route::SentencePiece(_) => true,
                Route::Bytes(_) => false,
                Route::Pipeline(model) => model.model.adds_bytes(),
            };
            encoding.spans_to_chars(&if has_end { offsets.with_end() } else { offsets });
        }
        Ok(encoding)
    }

    fn bytes_of(
        &mut self,
        (tokenizer, special): (&Tokenizer, Special),
        model: &ByteBpe,
        (text, start): (&str, usize),
        tokens: &mut Tokens,
    ) -> Result<(), EncodeError> {
        let finder = tokenizer.normalized.as_ref();
        let normal = model.normalize(text, start, Track::Origins)?;
        let Some(normal) = normal else {
            let done = each_stretch(finder, text, special, |part| match part {
                StretchPart::Text { text, start: at } => {
                    let start = start + at;
                    self.runs_of(model, CutText::Plain { text, start }, tokens)
                }
                StretchPart::Token {
                    id,
                    start: at,
                    text,
                } => {
                    let start = start + at;
                    tokens.added(tokenizer, id, (start..start + text.len(), text));
                    Ok(())
                }
            });
            return done.map_err(|error| error.moved(start));
        };
        let Some(whole) = normal.pieces().next() else {
            return Ok(());
        };
        each_stretch(finder, whole.text(), special, |part| match part {
            StretchPart::Text { text, start } => {
                let part = whole.part(start..start + text.len());
                match part.pieces().next() {
                    Some(piece) => self.runs_of(model, CutText::Normal(&piece), tokens),
                    None => Ok(()),
                }
            }
            StretchPart::Token { id, start, text } => {
                let origin = whole.origin(start..start + text.len());
                tokens.added(tokenizer, id, (origin, text));
                Ok(())
            }
        })
        .map_err(|error| error.placed(start))
    }

    fn runs_of(
        &mut self,
        model: &ByteBpe,
        stretch: CutText<'_>,
        tokens: &mut Tokens,
    ) -> Result<(), EncodeError> {
        let words = &mut self.words;
        model
            .pretokenizer
            .words(self.level, stretch, Track::Origins, |run| {
                tokens.run(model, words, &run);
            })
    }

    fn words_of(
        &mut self,
        (tokenizer, special): (&Tokenizer, Special),
        model: &TokenPipeline,
        (text, start): (&str, usize),
        tokens: &mut Tokens,
    ) -> Result<(), EncodeError> {
        let finder = (tokenizer.normalized.as_ref(), special);
        let scratch = &mut self.pipeline;
        model.encode(
            (text, start, Track::Origins),
            finder,
            scratch,
            |part| match part {
                PipelinePart::Word {
                    word,
                    tokens: of_word,
                } => {
                    for token in of_word {
                        let origin = token_origin(word, *token);
                        let shown = model.model.unknown_text(word.text(), *token);
                        tokens.push(token.id, origin, shown.map(Arc::from));
                    }
                    tokens.n_words += 1;
                }
                PipelinePart::Added { id, origin, text } => {
                    tokens.added(tokenizer, id, (origin, text));
                }
            },
        )
    }

    fn pieces_of(
        &mut self,
        model: &SentencePiece,
        (text, start): (&str, usize),
        tokens: &mut Tokens,
    ) {
        self.tokens.clear();
        model.encode(text, &mut self.sentencepiece, &mut self.tokens);
        for token in &self.tokens {
            let origin = start + token.start as usize..start + token.end as usize;
            tokens.push(token.id, origin, None);
            tokens.n_words += 1;
        }
    }
}

/// The bytes of the original that a token of a word stands for. One that is
/// nothing of the word, but of what a model puts at its end, is there.
fn token_origin(word: &AlignedPiece<'_>, token: WordToken) -> Range<usize> {
    let (start, end) = (token.start as usize, token.end as usize);
    if start >= word.text().len() {
        let end = word.original().end;
        return end..end;
    }
    word.origin(start..end)
}

impl Tokens {
    fn push(&mut self, id: u32, origin: Range<usize>, shown: Option<Arc<str>>) {
        let span = (origin.start as u32, origin.end as u32);
        self.encoding.push(id, span, Some(self.n_words), shown);
    }

    /// An added token, which is shown as all that it takes of the text.
    fn added(&mut self, tokenizer: &Tokenizer, id: u32, (origin, text): (Range<usize>, &str)) {
        let is_own = tokenizer.token(id) == Some(text.as_bytes());
        self.push(id, origin, (!is_own).then(|| Arc::from(text)));
        self.n_words += 1;
    }

    /// The tokens of a run of words: their bytes lie one after another, so that
    /// their lengths tell where they are.
    fn run(&mut self, model: &ByteBpe, words: &mut Words, run: &WordRun<'_>) {
        self.ids.clear();
        words.encode(model, run.text, (run.start, run.ends), &mut self.ids);
        let ids = std::mem::take(&mut self.ids);
        let mut ends = run.ends.iter().map(|&end| end as usize);
        let mut word_end = ends.next().unwrap_or(run.start);
        let mut at = run.start;
        for &id in &ids {
            if at >= word_end {
                word_end = ends.next().unwrap_or(usize::MAX);
                self.n_words += 1;
            }
            let end = at + model.vocab.token(id).map_or(0, <[u8]>::len);
            self.push(id, run.source.origin(at..end), None);
            at = end;
        }
        self.n_words += 1;
        self.ids = ids;
    }
}
