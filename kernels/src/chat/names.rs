//! The filters and tests of Jinja2, and which of them are not built here.

/// Whether a filter or test can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    Here,
    OnlyInJinja2,
    Nowhere,
}

const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "capitalize",
    "center",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "forceescape",
    "format",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "wordcount",
];
const OTHER_FILTERS: &[&str] = &[
    "filesizeformat",
    "groupby",
    "pprint",
    "random",
    "striptags",
    "truncate",
    "urlencode",
    "urlize",
    "wordwrap",
    "xmlattr",
];
const TESTS: &[&str] = &[
    "boolean",
    "callable",
    "defined",
    "divisibleby",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "in",
    "integer",
    "iterable",
    "lower",
    "mapping",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
];

pub(super) fn filter(name: &str) -> Availability {
    if FILTERS.contains(&name) {
        Availability::Here
    } else if OTHER_FILTERS.contains(&name) {
        Availability::OnlyInJinja2
    } else {
        Availability::Nowhere
    }
}

pub(super) fn test(name: &str) -> Availability {
    if TESTS.contains(&name) {
        Availability::Here
    } else {
        Availability::Nowhere
    }
}
