//! Conversations through `chat` and `pack`, against an oracle that knows the
//! template only as the text it makes; from every layout that holds them, however
//! the run goes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, UInt8Type, UInt16Type};
use fuelrail::format::{Dataset, Manifest};
use fuelrail::run::ShardOptions;
use fuelrail_kernels::tokenize::{Encoder, Special, TokenSpans, Tokenizer};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::dataset_files;
use fuelrail_tests::prose::{Random, document};
use fuelrail_tests::runs;
use fuelrail_tests::source::{arrow_stream, parquet_file, properties};
use serde_json::{Value, json};

const TEMPLATE: &str = "{% for m in messages %}\
    {% if m.content == 'refused' %}{{ raise_exception('not this') }}{% endif %}<|{{ m.role }}|>\
    {% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|endoftext|>{% endgeneration %}\
    {% else %}{{ m.content }}{% endif %}{% endfor %}";

/// Tokens of a packed row.
const LENGTH: usize = 48;

#[derive(Debug, Clone)]
struct Message {
    role: Option<&'static str>,
    content: Option<String>,
}

/// The messages of a row, or null.
type Chat = Option<Vec<Message>>;

/// Ids, and for each whether it is the assistant's.
type Encoded = (Vec<u16>, Vec<u8>);

fn message(random: &mut Random) -> Message {
    let role = match random.below(40) {
        0 => None,
        n => Some(["system", "user", "assistant", "assistant"][n % 4]),
    };
    let content = match random.below(60) {
        0 => Some("refused".to_owned()),
        1..=4 => None,
        5..=9 => Some(String::new()),
        10..=19 => Some(
            [
                "naïve 北京",
                "<|endoftext|>",
                "a\r\n\t\"b\\",
                "👩\u{200d}🚀 é",
            ][random.below(4)]
            .to_owned(),
        ),
        n => Some(document(random, n % 7)),
    };
    Message { role, content }
}

fn chat(random: &mut Random) -> Chat {
    match random.below(20) {
        0 => None,
        1 => Some(Vec::new()),
        n => Some((0..=n % 6).map(|_| message(random)).collect()),
    }
}

/// The tokens of a conversation; nothing where it is to be set aside.
fn encoded(messages: &[Message], encoder: &mut Encoder) -> Option<Encoded> {
    let mut text = String::new();
    let mut spans: Vec<Range<usize>> = Vec::new();
    for Message { role, content } in messages {
        let (role, content) = ((*role)?, content.as_deref().unwrap_or(""));
        if content == "refused" {
            return None;
        }
        _ = write!(text, "<|{role}|>");
        let start = text.len();
        text.push_str(content);
        if role == "assistant" {
            text.push_str("<|endoftext|>");
            spans.push(start..text.len());
        }
    }
    if messages.is_empty() {
        return None;
    }
    let mut tokens = TokenSpans::default();
    encoder
        .encode_spans(&text, Special::Parse, &mut tokens)
        .unwrap();
    let starts = std::iter::once(0).chain(tokens.ends.iter().copied());
    let counts = |(start, end): (u32, &u32)| {
        let (start, end) = (start as usize, *end as usize);
        u8::from(
            spans
                .iter()
                .any(|span| start < span.end && span.start < end),
        )
    };
    let mask = starts.zip(&tokens.ends).map(counts).collect();
    let ids = tokens.ids.iter().map(|id| u16::try_from(*id).unwrap());
    Some((ids.collect(), mask))
}

fn as_json(chat: &Chat) -> Value {
    let message = |Message { role, content }: &Message| {
        let mut fields = json!({});
        if let Some(role) = role {
            fields["role"] = json!(role);
        }
        fields["content"] = json!(content);
        fields
    };
    chat.as_ref().map_or(Value::Null, |messages| {
        messages.iter().map(message).collect()
    })
}

/// The column `messages` as lists of structs, an item before them that no list has.
fn as_lists(chats: &[Chat]) -> ArrayRef {
    let all = || chats.iter().flatten().flatten();
    let hidden = std::iter::once(Some("hidden"));
    let roles: StringArray = hidden.clone().chain(all().map(|it| it.role)).collect();
    let contents: StringArray = hidden
        .chain(all().map(|it| it.content.as_deref()))
        .collect();
    let fields = vec![
        Field::new("role", DataType::Utf8, true),
        Field::new("content", DataType::Utf8, true),
    ];
    let messages = StructArray::new(
        fields.into(),
        vec![Arc::new(roles), Arc::new(contents)],
        None,
    );
    let lengths =
        std::iter::once(1).chain(chats.iter().map(|chat| chat.as_ref().map_or(0, Vec::len)));
    let valid = std::iter::once(true).chain(chats.iter().map(Option::is_some));
    let item = Arc::new(Field::new_list_field(messages.data_type().clone(), true));
    let lists = ListArray::new(
        item,
        OffsetBuffer::from_lengths(lengths),
        Arc::new(messages),
        Some(valid.collect::<NullBuffer>()),
    );
    Arc::new(lists.slice(1, chats.len()))
}

fn table(column: ArrayRef) -> RecordBatch {
    let field = Field::new("messages", column.data_type().clone(), true);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column]).unwrap()
}

/// The layouts that hold conversations.
const LAYOUTS: [&str; 4] = ["jsonl", "text.jsonl", "parquet", "arrow"];

fn write(folder: &Path, layout: &str, name: usize, chats: &[Chat]) {
    let bytes = match layout {
        "jsonl" => {
            let line = |chat| json!({"messages": as_json(chat)}).to_string() + "\n";
            chats.iter().map(line).collect::<String>().into_bytes()
        }
        "text.jsonl" => {
            let text = |chat: &Chat| chat.as_ref().map(|_| as_json(chat).to_string());
            let line = |chat| json!({"messages": text(chat)}).to_string() + "\n";
            chats.iter().map(line).collect::<String>().into_bytes()
        }
        "parquet" => parquet_file(&table(as_lists(chats)), &properties().build()),
        _ => arrow_stream(&table(as_lists(chats))),
    };
    fs::write(folder.join(format!("{name}.{layout}")), bytes).unwrap();
}

fn pipeline(rest: &str) -> String {
    format!(
        "[source]\nuri = \"in\"\non_error = \"quarantine\"\npart_size = \"24KiB\"\n\
         [[step]]\nop = \"chat\"\ncolumn = \"messages\"\ntokenizer = \"gpt2\"\n\
         chat_template = {TEMPLATE:?}\n{rest}[sink]\nuri = \"out\"\nshard_size = \"64KiB\"\n"
    )
}

fn lists<T>(
    columns: &RecordBatch,
    name: &str,
    values: impl Fn(&ArrayRef) -> Vec<T>,
) -> Vec<Option<Vec<T>>> {
    let lists = columns
        .column_by_name(name)
        .unwrap()
        .as_list::<i64>()
        .clone();
    lists
        .iter()
        .map(|list| list.map(|list| values(&list)))
        .collect()
}

#[test]
fn every_layout_gives_the_ids_and_masks_of_the_text() {
    let mut random = Random::new(11);
    let mut encoder = Encoder::new(Arc::new(Tokenizer::builtin("gpt2").unwrap()));
    let chats: Vec<Chat> = (0..400).map(|_| chat(&mut random)).collect();
    let rows = |chat: &Chat| match chat {
        None => Some(None),
        Some(messages) => encoded(messages, &mut encoder).map(Some),
    };
    let expected: Vec<Option<Encoded>> = chats.iter().filter_map(rows).collect();
    let n_aside = chats.len() - expected.len();
    assert!(n_aside > 50 && expected.len() > 200, "{n_aside} set aside");
    for layout in LAYOUTS {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir(base.path().join("in")).unwrap();
        write(&base.path().join("in"), layout, 0, &chats);
        let out = base.path().join("out");
        let manifest = runs::shard(base.path(), &pipeline(""), &out).unwrap();
        let account = manifest.account.unwrap();
        assert_eq!(account.set_aside.rows, n_aside as u64, "{layout}");
        assert_eq!(account.rows_read, chats.len() as u64, "{layout}");
        let columns = Dataset::open(&out)
            .unwrap()
            .rows(0..manifest.n_rows)
            .unwrap();
        let ids = lists(&columns, "tokens", |it| {
            it.as_primitive::<UInt16Type>().values().to_vec()
        });
        let mask = lists(&columns, "loss_mask", |it| {
            it.as_primitive::<UInt8Type>().values().to_vec()
        });
        let got: Vec<Option<Encoded>> = ids
            .into_iter()
            .zip(mask)
            .map(|(ids, mask)| ids.zip(mask))
            .collect();
        assert_eq!(got, expected, "{layout}");
    }
}

fn options(random: &mut Random, fs: &MemFs) -> ShardOptions {
    ShardOptions {
        batch_bytes: [1, 400, 6000, 1 << 20][random.below(4)],
        fs: Arc::new(fs.clone()),
        ..ShardOptions::new([1, 2, 3, 9][random.below(4)])
    }
}

/// What becomes of the rows: kept, dropped for a null, set aside.
fn counts(manifest: &Manifest) -> [u64; 3] {
    let account = manifest.account.as_ref().unwrap();
    [
        account.rows_kept,
        account.rows_dropped,
        account.set_aside.rows,
    ]
}

#[test]
fn packed_conversations_are_the_same_however_the_run_goes() {
    let root = Path::new("/out");
    let pack = format!(
        "[[step]]\nop = \"pack\"\nlength = {LENGTH}\nlabels = true\nposition_ids = true\nwindow = 40\npad = 0\n"
    );
    let text = pipeline(&pack);
    let mut encoder = Encoder::new(Arc::new(Tokenizer::builtin("gpt2").unwrap()));
    let mut why = BTreeMap::<&str, u64>::new();
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("in");
        fs::create_dir(&folder).unwrap();
        let layout = LAYOUTS[random.below(4)];
        let mut expected = [0; 3];
        for file in 0..3 {
            let chats: Vec<Chat> = (0..150).map(|_| chat(&mut random)).collect();
            write(&folder, layout, file, &chats);
            for chat in &chats {
                let (kind, outcome) = match chat.as_ref().map(|it| encoded(it, &mut encoder)) {
                    None => ("null", 1),
                    Some(None) => ("refused", 2),
                    // It is not cut, so it is refused.
                    Some(Some((ids, _))) if ids.len() > LENGTH => ("too long", 2),
                    Some(Some(_)) => ("kept", 0),
                };
                expected[outcome] += 1;
                *why.entry(kind).or_default() += 1;
            }
        }
        let whole = MemFs::default();
        let manifest =
            runs::shard_with(base.path(), &text, root, &options(&mut random, &whole)).unwrap();
        assert_eq!(counts(&manifest), expected, "seed {seed}");
        let files = dataset_files(&whole, root);
        for _ in 0..4 {
            let op = random.below(usize::try_from(whole.n_ops()).unwrap()) as u64;
            let fs = MemFs::new(Fault::PowerCut { op }, seed);
            // It may fail, or be done but for what is removed at the end.
            let _ = runs::shard_with(base.path(), &text, root, &options(&mut random, &fs));
            let fs = fs.reboot();
            let again =
                runs::shard_with(base.path(), &text, root, &options(&mut random, &fs)).unwrap();
            assert_eq!(counts(&again), expected, "seed {seed}, cut at {op}");
            assert_eq!(dataset_files(&fs, root), files, "seed {seed}, cut at {op}");
        }
    }
    assert!(why.len() == 4 && why.values().all(|n| *n > 20), "{why:?}");
}

#[test]
fn a_row_that_cannot_be_rendered_ends_the_run_with_its_place() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("in")).unwrap();
    let say = |content: &str| Message {
        role: Some("user"),
        content: Some(content.to_owned()),
    };
    let chats = vec![Some(vec![say("a")]), Some(vec![say("b"), say("refused")])];
    write(&base.path().join("in"), "jsonl", 0, &chats);
    let text = pipeline("").replace("on_error = \"quarantine\"\n", "");
    let error = runs::shard(base.path(), &text, &base.path().join("out")).unwrap_err();
    let path = base.path().join("in/0.jsonl");
    assert_eq!(
        error.to_string(),
        format!(
            "chat: the chat template refuses the conversation: not this (step 1, column \"messages\", {}:2)",
            path.display()
        )
    );
    assert_eq!(
        error.hint(),
        Some("set `on_error = \"quarantine\"` in [source] to set such rows aside")
    );
    // Where turns cannot be told, the template is what helps.
    let text = text.replace(&format!("{TEMPLATE:?}"), "\"{{ messages | length }}\"");
    let turns = vec![Some(vec![
        say("a"),
        Message {
            role: Some("assistant"),
            content: None,
        },
    ])];
    write(&base.path().join("in"), "jsonl", 0, &turns);
    let error = runs::shard(base.path(), &text, &base.path().join("out")).unwrap_err();
    assert!(
        error
            .hint()
            .unwrap()
            .starts_with("put the assistant's text between {% generation %}")
    );
}
