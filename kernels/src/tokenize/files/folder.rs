//! The vocabularies of a model's folder, read with what else the folder says.

use super::adding::complete;
use super::gpt2::{self, END_OF_TEXT, Gpt2Rules};
use super::settings::{ModelSettings, NumberedTokens};
use super::vocab_txt::{self, BertRules};
use crate::tokenize::error::TokenizerError;
use crate::tokenize::tokenizer::Tokenizer;

/// Tokens that a note names one by one.
const MOST_NAMED: usize = 4;

/// The classes of transformers that read a `vocab.txt` as BERT's does.
const BERT_CLASSES: [&str; 8] = [
    "BertTokenizer",
    "ConvBertTokenizer",
    "DistilBertTokenizer",
    "DPRContextEncoderTokenizer",
    "DPRQuestionEncoderTokenizer",
    "ElectraTokenizer",
    "MobileBertTokenizer",
    "SqueezeBertTokenizer",
];

/// The tokens of BERT, where nothing else is said.
const BERT_TOKENS: [(&str, &str); 5] = [
    ("unk_token", "[UNK]"),
    ("sep_token", "[SEP]"),
    ("pad_token", "[PAD]"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];

/// The tokens of GPT-2, where nothing else is said.
const GPT2_TOKENS: [(&str, &str); 3] = [
    ("bos_token", END_OF_TEXT),
    ("eos_token", END_OF_TEXT),
    ("unk_token", END_OF_TEXT),
];

impl ModelSettings {
    /// Reads a `tokenizer.json`, and adds the tokens that the folder names and it
    /// lacks, as transformers does.
    ///
    /// # Errors
    /// `ModelFile` where the folder says what cannot be followed, else as
    /// [`Tokenizer::from_tokenizer_json`].
    pub fn tokenizer_json(&self, bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        self.completed(bytes, &[])
    }

    /// Reads BERT's `vocab.txt` as the folder's configuration says: case,
    /// accents, Chinese characters and special tokens.
    ///
    /// # Errors
    /// `ModelFile` where the folder says what cannot be followed, else as
    /// [`Tokenizer::from_vocab_txt`].
    pub fn vocab_txt(&self, bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        self.check_class("vocab.txt", &BERT_CLASSES)?;
        let content = |name: &str, default: &str| self.content(name, default);
        let rules = BertRules {
            lowercase: self.flag("do_lower_case")?.unwrap_or(true),
            strip_accents: self.flag("strip_accents")?,
            handle_chinese_chars: self.flag("tokenize_chinese_chars")?.unwrap_or(true),
            unknown: content("unk_token", "[UNK]")?,
            before: content("cls_token", "[CLS]")?,
            after: content("sep_token", "[SEP]")?,
            special: Vec::new(),
        };
        self.completed(&vocab_txt::to_json(bytes, &rules)?, &BERT_TOKENS)
    }

    /// Reads GPT-2's `vocab.json` and `merges.txt` as the folder's configuration
    /// says: spaces and tokens before a text.
    ///
    /// # Errors
    /// `ModelFile` where the folder says what cannot be followed, else as
    /// [`Tokenizer::from_gpt2_files`].
    pub fn gpt2_files(&self, vocab: &[u8], merges: &[u8]) -> Result<Tokenizer, TokenizerError> {
        self.check_class("vocab.json", &["GPT2Tokenizer"])?;
        let around = |flag: &str, name: &str| {
            let is_added = self.flag(flag)? == Some(true);
            let token = is_added.then(|| self.content(name, END_OF_TEXT));
            token.transpose()
        };
        let rules = Gpt2Rules {
            add_prefix_space: self.flag("add_prefix_space")?.unwrap_or(false),
            before: around("add_bos_token", "bos_token")?,
            after: around("add_eos_token", "eos_token")?,
            special: Vec::new(),
        };
        self.completed(&gpt2::to_json(vocab, merges, &rules)?, &GPT2_TOKENS)
    }

    /// Holds a tokenizer of another kind, whose vocabulary is in `file`, against
    /// the tokens that the folder names: none is added, and a note tells which
    /// the vocabulary lacks.
    ///
    /// # Errors
    /// `ModelFile` where the folder says what cannot be followed.
    pub fn beside(
        &self,
        file: &str,
        mut tokenizer: Tokenizer,
    ) -> Result<Tokenizer, TokenizerError> {
        self.check()?;
        let (NumberedTokens::Configured(numbered) | NumberedTokens::Older(numbered)) =
            self.numbered();
        let mut lacking: Vec<String> = Vec::new();
        let tokens = numbered.iter().cloned().chain(self.named(&[])?);
        for token in tokens.chain(self.extra()?) {
            let content = format!("\"{}\"", token.content);
            let is_known = tokenizer.token_to_id(&token.content).is_some();
            if !is_known && !token.content.is_empty() && !lacking.contains(&content) {
                lacking.push(content);
            }
        }
        if !lacking.is_empty() {
            let more = lacking.len().saturating_sub(MOST_NAMED);
            lacking.truncate(MOST_NAMED);
            let named = lacking.join(", ");
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            tokenizer.notes.push(format!(
                "{file} has no token for {named}{more}, which the model's other files name: they \
                 are ordinary text here, where transformers adds tokens"
            ));
        }
        Ok(tokenizer)
    }

    fn completed(
        &self,
        json: &[u8],
        defaults: &[(&str, &str)],
    ) -> Result<Tokenizer, TokenizerError> {
        self.check()?;
        let complete = complete(json, self, defaults)?;
        let mut tokenizer = Tokenizer::from_tokenizer_json(&complete.json)?;
        tokenizer.notes.extend(complete.notes);
        Ok(tokenizer)
    }
}
