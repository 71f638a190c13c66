//! The account of a dataset as lines for people: what became of every row.

use fuelrail::format::Account;
use fuelrail::name_in_text;
use indicatif::HumanCount;

use crate::output::{counted, harmless};

/// Keys that are named; more are counted.
const KEYS: usize = 10;

/// The lines, from what was read to what was written.
pub(crate) fn lines(account: &Account) -> Vec<String> {
    let mut lines = vec![format!("{} read", counted(account.rows_read, "row"))];
    for dropped in &account.dropped {
        let rows = counted(dropped.rows, "row");
        lines.push(format!("{rows} dropped: {}", harmless(&dropped.reason())));
    }
    if account.blank_lines > 0 {
        let blank = counted(account.blank_lines, "blank line");
        let what = if account.blank_lines == 1 {
            "is no row"
        } else {
            "are no rows"
        };
        lines.push(format!("{blank} passed over, which {what}"));
    }
    if account.null_split_keys > 0 {
        let rows = counted(account.null_split_keys, "row");
        lines.push(format!("{rows} with a null split key, all on one side"));
    }
    for key in &account.valueless_keys {
        let key = name_in_text(key);
        lines.push(format!("no row has a value of the declared key {key}"));
    }
    set_aside(account, &mut lines);
    if account.limit_reached {
        lines.push("rows beyond the limit were not read".to_owned());
    }
    changed(account, &mut lines);
    let kept = counted(account.rows_kept, "row");
    lines.push(if account.rows_kept == account.rows_written {
        format!("{kept} kept and written")
    } else {
        let written = counted(account.rows_written, "row");
        format!("{kept} kept, packed into {written}")
    });
    lines
}

fn set_aside(account: &Account, lines: &mut Vec<String>) {
    let set_aside = &account.set_aside;
    if set_aside.rows > 0 {
        lines.push(format!("{} set aside", counted(set_aside.rows, "row")));
    }
    let unknown = set_aside.units_of_unknown_rows;
    if unknown > 0 {
        let units = counted(unknown, "unit");
        let it = if unknown == 1 {
            "it holds"
        } else {
            "they hold"
        };
        lines.push(format!(
            "{units} set aside that cannot be read: how many rows {it} is not known"
        ));
    }
}

/// What was done to rows that were kept.
fn changed(account: &Account, lines: &mut Vec<String>) {
    let cut = &account.truncated;
    if cut.documents > 0 {
        lines.push(format!(
            "{} truncated, {} left out",
            counted(cut.documents, "document"),
            counted(cut.tokens, "token")
        ));
    }
    for converted in &account.converted {
        let values = counted(converted.values, "value");
        let column = name_in_text(&converted.column);
        lines.push(format!(
            "{values} of {column} converted: {}",
            converted.what
        ));
    }
    let keys = &account.ignored_keys;
    for (key, n_rows) in keys.iter().take(KEYS) {
        let rows = counted(*n_rows, "row");
        lines.push(format!("key {key:?} ignored in {rows}"));
    }
    let n_more = keys.len().saturating_sub(KEYS) as u64;
    if n_more > 0 || account.other_ignored_keys > 0 {
        let more = if account.other_ignored_keys > 0 {
            "many more keys".to_owned()
        } else {
            format!("{} more keys", HumanCount(n_more))
        };
        lines.push(format!("{more} ignored: see dataset.json"));
    }
}
