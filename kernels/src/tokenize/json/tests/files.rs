//! Files that are no tokenizer.json are named as what they are.

#[test]
fn other_files_are_named_as_what_they_are() {
    for (bytes, what) in [
        (
            &br#"{"a": 0, "b": 1}"#[..],
            "a vocabulary (vocab.json) without its merges",
        ),
        (
            br#"{"tokenizer_class": "GPT2Tokenizer"}"#,
            "a tokenizer_config.json, which has no vocabulary",
        ),
        (
            br#"{"model_type": "gpt2", "n_layer": 12}"#,
            "the config.json of a model",
        ),
        (
            br#"{"vocab": {}, "merges": []}"#,
            "a model without the `model` that holds it",
        ),
        (
            b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02",
            "a SentencePiece model",
        ),
        (b"{}", "missing field `model` at line 1 column 2"),
        (b"hello", "expected value at line 1 column 1"),
    ] {
        let error = crate::tokenize::Tokenizer::from_tokenizer_json(bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected a tokenizer.json, got: {what}")
        );
    }
}
