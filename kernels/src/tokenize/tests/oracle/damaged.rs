//! Files that are damaged at random: refused or read, and never a panic.

use serde_json::Value;

use super::{Cut, Decoded, Encoded, Reference, paths};
use crate::tokenize::model::Scratch;

/// What may stand where something else should.
fn odd(pick: u32) -> Value {
    match pick % 9 {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => (-1).into(),
        3 => u64::MAX.into(),
        4 => 1e300.into(),
        5 => "".into(),
        6 => "\u{2581}a".into(),
        7 => Value::Array(vec![0.into()]),
        _ => Value::Object(serde_json::Map::new()),
    }
}

/// Replaces, moves or takes out something in a file, deep down or not.
fn damage(value: &mut Value, picks: &mut impl FnMut(usize) -> usize) {
    let n_inside = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    // The longer a list, the more of it is left to be damaged.
    if n_inside == 0 || picks(6) == 0 {
        *value = odd(picks(9) as u32);
        return;
    }
    let at = picks(n_inside);
    match value {
        Value::Array(items) if picks(8) == 0 => {
            let other = picks(n_inside);
            items.swap(at, other);
            items.truncate(picks(n_inside + 1).max(n_inside / 2));
        }
        Value::Array(items) => damage(&mut items[at], picks),
        Value::Object(members) => {
            let name = members.keys().nth(at).unwrap().clone();
            match picks(8) {
                0 => drop(members.remove(&name)),
                1 => {
                    let moved = members.remove(&name).unwrap();
                    members.insert("a".to_owned(), moved);
                }
                _ => damage(members.get_mut(&name).unwrap(), picks),
            }
        }
        _ => {}
    }
}

/// What is read of a damaged file does not panic either.
fn try_out(reference: &Reference, scratch: &mut Scratch) {
    for texts in [
        vec!["ab ab<0xC3>é中  x", "a"],
        vec!["", ""],
        vec!["\u{2581}the fox"],
    ] {
        let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        if reference.cut == Cut::Bytes && !texts.iter().all(|text| text.is_ascii()) {
            continue;
        }
        let case = Encoded {
            texts,
            add_special: true,
            expected: None,
            batch: Vec::new(),
            lens: Vec::new(),
        };
        let Ok(encoding) = reference.encode(&case, scratch) else {
            continue;
        };
        let case = Decoded {
            ids: encoding
                .ids
                .iter()
                .copied()
                .chain([0, 7, u32::MAX])
                .collect(),
            skip_special: true,
            text: String::new(),
            stream: None,
            after: None,
        };
        reference.decode(&case, &case.ids).ok();
    }
}

#[test]
fn damaged_files_are_refused_or_read_and_never_panic() {
    let mut state = 1_u64;
    let mut picks = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % n
    };
    let mut scratch = Scratch::default();
    let mut n_read = 0;
    for path in paths() {
        let text = std::fs::read_to_string(path).unwrap();
        let file: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        for _ in 0..60 {
            let mut file = file.clone();
            for _ in 0..=picks(3) {
                damage(&mut file, &mut picks);
            }
            if let Ok(reference) = Reference::read(&file) {
                n_read += 1;
                try_out(&reference, &mut scratch);
            }
        }
    }
    assert!(n_read > 100, "{n_read}");
}
