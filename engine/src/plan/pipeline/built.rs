//! Pipelines that a program puts together, a table at a time.
//!
//! Each table comes as the text that would stand in a file, so that what is
//! wrong in it is refused in the same words and with the same hints; what
//! there is not is a place in a file.

use std::path::Path;

use fuelrail_kernels::tokenize::Tokenizer;
use serde::Deserialize;

use super::{ChatSpec, GivenTemplate, Pipeline, SinkSpec, SourceSpec, StepSpec, explain, steps};
use crate::error::{Error, Result};
use crate::plan::local::is_rooted;
use crate::plan::places::Places;
use crate::plan::tokenizers::TokenizerKind;
use crate::plan::tree::Node;

impl Pipeline {
    /// A pipeline without steps of the source with these `keys`, which are
    /// those of `[source]`. It has no sink: [`Pipeline::with_sink`] names one.
    ///
    /// # Errors
    /// `Pipeline` where no source has such a key or value, or one is missing.
    pub fn of_source(keys: &str) -> Result<Self> {
        let source = SourceSpec::deserialize(Node::parse(keys)?)
            .map_err(|error| explain(&error.below("source"), &Places::default(), &[]))?;
        Ok(Self::new(source, Vec::new(), SinkSpec::new("")))
    }

    /// The same with one more step at the end, of these `keys`: those of
    /// `[[step]]`, `op` among them.
    ///
    /// # Errors
    /// `Pipeline` with the step's number where no step has such a key or
    /// value, or one is missing.
    pub fn and_step(&self, keys: &str) -> Result<Self> {
        let node = Node::parse(keys)?;
        let index = self.step.len();
        let ops = [vec![String::new(); index], vec![steps::op(&node)]].concat();
        let spec = StepSpec::deserialize(node).map_err(|error| {
            let error = error.below(format!("[{index}]")).below("step");
            explain(&error, &Places::default(), &ops)
        })?;
        let mut with = self.clone();
        with.step.push(spec);
        with.places.in_code(&format!("step[{index}]"));
        Ok(with)
    }

    /// The same with the sink of these `keys`, which are those of `[sink]`.
    ///
    /// # Errors
    /// `Pipeline` where no sink has such a key or value, or one is missing.
    pub fn with_sink(&self, keys: &str) -> Result<Self> {
        let sink = SinkSpec::deserialize(Node::parse(keys)?)
            .map_err(|error| explain(&error.below("sink"), &Places::default(), &[]))?;
        let mut with = self.clone();
        with.sink = sink;
        with.places.in_code("sink");
        Ok(with)
    }

    /// The same with paths that begin where the process is, of one whose paths
    /// begin at `base`; nothing if `base` cannot be part of such a path: a glob
    /// would take its characters for wildcards, or it is not UTF-8.
    #[must_use]
    pub fn rooted(&self, base: &Path) -> Option<Self> {
        let text = base.to_str()?;
        if text.contains(['*', '?', '[', '{']) || text.contains("://") {
            return None;
        }
        let join = |path: &str| base.join(path).into_os_string().into_string().ok();
        let mut with = self.clone();
        for uri in &mut with.source.uri.0 {
            *uri = match uri.split_once("://") {
                _ if is_rooted(uri) => continue,
                None => join(uri)?,
                Some(("file", path)) => format!("file://{}", join(path)?),
                Some(_) => continue,
            };
        }
        for step in &mut with.step {
            for path in step.paths_mut() {
                *path = join(path)?;
            }
        }
        let sink = &mut with.sink.uri;
        if !sink.is_empty() && !sink.contains("://") && !is_rooted(sink) {
            *sink = join(sink)?;
        }
        Some(with)
    }

    /// The text of a pipeline file that means the same. Comments of the file
    /// it was read from are not in it, and keys are there that it left out.
    ///
    /// # Errors
    /// `Internal` if it cannot be written down.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| {
            Error::internal("cannot write the pipeline as TOML").with_source(error)
        })
    }
}

impl StepSpec {
    /// The paths that it names.
    pub fn paths_mut(&mut self) -> Vec<&mut String> {
        let named = self.tokenizer_ref();
        let kind = named.map(|named| named.kind(Tokenizer::builtin_names()));
        let tokenizer_in_file = matches!(kind, Some(Ok(TokenizerKind::File)));
        let (tokenizer, template) = match self {
            Self::Tokenize(step) => (&mut step.tokenizer, None),
            Self::Chat(step) => {
                let in_file = matches!(step.given_template(), GivenTemplate::File(_));
                let ChatSpec {
                    tokenizer,
                    chat_template,
                    ..
                } = &mut **step;
                (tokenizer, chat_template.as_mut().filter(|_| in_file))
            }
            Self::Select(_) | Self::Filter(_) | Self::Pack(_) | Self::Chunk(_) | Self::Map(_) => {
                return Vec::new();
            }
        };
        let tokenizer = Some(tokenizer).filter(|_| tokenizer_in_file);
        tokenizer.into_iter().chain(template).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::DeviceChoice;

    const FILE: &str = "device = \"cpu\"\n\
        [source]\nuri = [\"a\", \"b\"]\ndocument = { separator = \"--\" }\nlimit = 7\n\
        split = { take = \"train\", validation = 0.1, key = \"id\" }\n\
        [[step]]\nop = \"tokenize\"\ncolumn = \"text\"\ntokenizer = \"cl100k_base\"\n\
        [[step]]\nop = \"normalize\"\ncolumn = \"x\"\nclip = [-inf, 1e-5]\nfill = 18446744073709551615\n\
        [[step]]\nop = \"pack\"\nlength = 8\nmethod = \"concat\"\n\
        [sink]\nuri = \"out\"\nshard_size = \"1MiB\"\n";

    fn file() -> Pipeline {
        Pipeline::from_toml(FILE, Path::new("a.toml")).unwrap()
    }

    #[test]
    fn tables_make_what_the_file_makes() {
        let mut built = Pipeline::of_source(
            "uri = [\"a\", \"b\"]\nlimit = 7\ndocument = { separator = \"--\" }\n\
             split = { take = \"train\", validation = 0.1, key = \"id\" }",
        )
        .unwrap();
        built.device = Some(DeviceChoice::Cpu(None));
        for step in [
            "column = \"text\"\nop = \"tokenize\"\ntokenizer = \"cl100k_base\"",
            "op = \"normalize\"\ncolumn = \"x\"\nclip = [-inf, 1e-5]\nfill = 18446744073709551615",
            "op = \"pack\"\nlength = 8\nmethod = \"concat\"",
        ] {
            built = built.and_step(step).unwrap();
        }
        let sink = "uri = \"out\"\nshard_size = \"1MiB\"";
        assert_eq!(built.with_sink(sink).unwrap(), file());
    }

    #[test]
    fn paths_begin_where_the_process_is() {
        let text = "[source]\nuri = [\"a/*.txt\", \"/b\", \"file://c\", \"s3://d\", \"~/e\"]\n\
            [[step]]\nop = \"tokenize\"\ncolumn = \"text\"\ntokenizer = \"t.json\"\n\
            [[step]]\nop = \"tokenize\"\ncolumn = \"text\"\ntokenizer = \"gpt2\"\n\
            [sink]\nuri = \"out/\"\n";
        let pipeline = Pipeline::from_toml(text, Path::new("x/p.toml")).unwrap();
        let rooted = pipeline.rooted(Path::new("x")).unwrap();
        let uris = ["x/a/*.txt", "/b", "file://x/c", "s3://d", "~/e"];
        assert_eq!(rooted.source.uri.0, uris);
        let names = rooted.tokenizers().into_iter().map(|(_, named)| named.name);
        assert_eq!(names.collect::<Vec<_>>(), ["x/t.json", "gpt2"]);
        assert_eq!(rooted.sink.uri, "x/out/");
        assert_eq!(pipeline.rooted(Path::new("")).unwrap(), pipeline);
        for base in ["x[1]", "s3://x", "x/*"] {
            assert_eq!(pipeline.rooted(Path::new(base)), None, "{base}");
        }
    }

    #[test]
    fn its_text_means_the_same() {
        let text = file().to_toml().unwrap();
        let again = Pipeline::from_toml(&text, Path::new("b.toml")).unwrap();
        assert_eq!(again, file(), "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_without_a_place_in_a_file() {
        let cases = [
            (
                file().and_step("op = \"pack\"\nlenght = 8"),
                "pack: unknown key `lenght` (step 4)",
                Some("did you mean `length`?"),
            ),
            (
                file().and_step("op = \"pack\"\nlength = \"8\""),
                "pack: length: expected a whole number from 1 to 16777216, got \"8\" (step 4)",
                Some("leave the quotes out: 8"),
            ),
            (
                file().with_sink("uri = 7"),
                "sink.uri: expected a string, got 7",
                Some("put it in quotes: \"7\""),
            ),
            (
                Pipeline::of_source("format = \"csb\"\nuri = \"a\""),
                "source.format: expected \"parquet\", \"arrow\", \"jsonl\", \"text\", \"images\" or \"tar\", got \"csb\"",
                None,
            ),
            (
                Pipeline::of_source("limit = 3"),
                "missing key `uri` in [source]",
                None,
            ),
        ];
        for (result, expected, hint) in cases {
            let error = result.unwrap_err();
            assert_eq!((error.to_string().as_str(), error.hint()), (expected, hint));
        }
    }

    #[test]
    fn what_the_file_holds_keeps_its_place() {
        let with = file().and_step("op = \"pack\"\nlength = 9").unwrap();
        let at = |path: &str| with.locate(Error::pipeline("x"), path).to_string();
        assert_eq!(at("step[2].length"), "pack: x (step 3, a.toml:18:10)");
        assert_eq!(at("step[3].length"), "pack: x (step 4)");
        let elsewhere = file().with_sink("uri = \"b\"").unwrap();
        let error = elsewhere.locate(Error::pipeline("x"), "sink.uri");
        assert_eq!(error.to_string(), "x");
    }
}
