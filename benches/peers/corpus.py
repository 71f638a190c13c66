#!/usr/bin/env python3
"""Makes a corpus of real prose from what lies on this machine.

Nothing is downloaded. The text comes, in this order, from the Rust
documentation of the toolchain (HTML stripped to text), manual pages, the
Python library's docstrings and documentation, the documentation of the
system's packages, the READMEs and doc comments of the crates that Cargo has
fetched, and last, where there is too little of all these, change logs.
Identical documents are written once. The result depends on the
machine's packages and the arguments alone: sources are walked in sorted
order, and no clock or random number enters.

One line of JSONL is ``{"id": 17, "url": "rust-doc/std/…", "text": "…"}``.
``--parquet`` writes the same rows with row groups of about 128 MiB.

Only the standard library is needed, and pyarrow for ``--parquet``.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import hashlib
import html
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

MIN_CHARS = 200
MAX_FILE_BYTES = 64 << 20
ROW_GROUP_BYTES = 128 << 20
UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}

Document = tuple[str, str]


# ---------------------------------------------------------------- text making

MAIN = re.compile(r"<main\b[^>]*>(.*?)</main>", re.S | re.I)
INVISIBLE = re.compile(r"<(script|style|svg|nav|head|template)\b.*?</\1>", re.S | re.I)
BLOCK = re.compile(
    r"<(?:br|/p|/div|/li|/h[1-6]|/pre|/tr|/section|/summary|/details|/dt|/dd|/table|/ul)\b[^>]*>",
    re.I,
)
TAG = re.compile(r"<[^>]*>")
COMMENT = re.compile(r"<!--.*?-->", re.S)
SPACES = re.compile(r"[ \t\u00a0]+")
BLANK_LINES = re.compile(r"\n\s*\n\s*")


def html_to_text(page: str) -> str:
    """The visible text of a page, its main part where it marks one."""
    main = MAIN.search(page)
    text = main.group(1) if main else page
    text = INVISIBLE.sub(" ", COMMENT.sub(" ", text))
    text = html.unescape(TAG.sub("", BLOCK.sub("\n", text)))
    return tidy_text(text)


def tidy_text(text: str) -> str:
    """The text without runs of blanks and empty lines."""
    return BLANK_LINES.sub("\n\n", SPACES.sub(" ", text)).strip()


ROFF_FONT = re.compile(r"\\f(?:\[[^\]]*\]|\(..|.)|\\s[+-]?\d+|\\[&|^/,]")
ROFF_CHAR = {"\\-": "-", "\\(aq": "'", "\\(dq": '"', "\\e": "\\", "\\(bu": "*", "\\ ": " "}


def roff_to_text(page: str) -> str:
    """The text of a manual page, its requests dropped and their words kept."""
    lines = []
    for line in page.splitlines():
        if line.startswith((".\\\"", "'\\\"", ".de", ".if", ".ie", ".el", ".ds", ".nr")):
            continue
        if line.startswith((".", "'")):
            words = line.split(None, 1)
            line = words[1].replace('"', "") if len(words) > 1 else ""
        line = ROFF_FONT.sub("", line)
        for escape, char in ROFF_CHAR.items():
            line = line.replace(escape, char)
        lines.append(line)
    return tidy_text("\n".join(lines))


RUST_DOC = re.compile(r"^[ \t]*//[/!](?!/)[ ]?(.*)$")


def rust_doc_comments(source: str) -> str:
    """The doc comments of a Rust file, in order."""
    lines, last = [], False
    for line in source.splitlines():
        match = RUST_DOC.match(line)
        if match:
            lines.append(match.group(1))
        elif last:
            lines.append("")
        last = bool(match)
    return "\n".join(lines).strip()


def python_docstrings(source: str) -> str:
    """The docstrings of a Python file, in order; none if it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))
    return "\n\n".join(doc for doc in docs if doc)


# ------------------------------------------------------------------- sources

CHANGE_LOG = re.compile(r"change|news|history", re.I)

def walk(root: Path, suffixes: tuple[str, ...], skip: tuple[str, ...] = ()) -> Iterator[Path]:
    """Regular files under ``root`` with one of the suffixes, sorted by path."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in skip)
        for name in sorted(files):
            path = Path(folder, name)
            if not name.lower().endswith(suffixes) or path.is_symlink():
                continue
            if path.stat().st_size <= MAX_FILE_BYTES:
                yield path


def read(path: Path) -> str:
    """The file as text, gunzipped; empty if it is not UTF-8 or not readable."""
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError, EOFError, gzip.zlib.error):
        return ""


def output_of(*command: str) -> str:
    """What a command prints, or nothing where it cannot run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


RUST_APIS = ("alloc", "core", "proc_macro", "std", "test")
NOT_PAGES = ("src", "static.files", "search.index", "type.impl", "trait.impl")


def rust_pages(prefix: str, skip: tuple[str, ...], folders: tuple[str, ...]) -> Iterator[Document]:
    """Pages of the toolchain's documentation, once each."""
    sysroot = output_of("rustc", "--print", "sysroot")
    root = Path(sysroot, "share/doc/rust/html")
    if not sysroot or not root.is_dir():
        return
    for folder in folders:
        for path in walk(root / folder, (".html",), skip):
            if path.name not in ("print.html", "all.html", "toc.html"):
                yield f"{prefix}/{path.relative_to(root)}", html_to_text(read(path))


def rust_books() -> Iterator[Document]:
    """The books that come with the toolchain: the prose of its documentation."""
    return rust_pages("rust-book", (*RUST_APIS, *NOT_PAGES), ("",))


def rust_docs() -> Iterator[Document]:
    """The documentation of the standard library."""
    return rust_pages("rust-doc", NOT_PAGES, RUST_APIS)


def package_docs() -> Iterator[Document]:
    """Documentation of the system's packages, without change logs and licences."""
    root = Path("/usr/share/doc")
    plain = (".txt", ".md", ".rst", ".txt.gz", ".md.gz", ".rst.gz", "readme", "readme.gz", "faq.gz")
    for path in walk(root, plain + (".html", ".htm")):
        if CHANGE_LOG.search(path.name):
            continue
        text = read(path)
        if path.suffix in (".html", ".htm"):
            text = html_to_text(text)
        yield f"doc/{path.relative_to(root)}", text


def change_logs() -> Iterator[Document]:
    """Change logs of the system's packages: words, names and dates."""
    root = Path("/usr/share/doc")
    for path in walk(root, (".gz", ".md", ".txt", "changelog", "news")):
        if CHANGE_LOG.search(path.name):
            yield f"changelog/{path.relative_to(root)}", read(path)


def manual_pages() -> Iterator[Document]:
    """The system's manual pages."""
    root = Path("/usr/share/man")
    suffixes = tuple(f".{section}.gz" for section in range(1, 10))
    for path in walk(root, suffixes):
        yield f"man/{path.relative_to(root)}", roff_to_text(read(path))


def python_docs() -> Iterator[Document]:
    """Docstrings and documentation under Python's library folder."""
    roots = {Path(sysconfig.get_path("stdlib")).resolve(), Path("/usr/lib/python3").resolve()}
    for root in sorted(roots):
        if not root.is_dir():
            continue
        for path in walk(root, (".py", ".rst", ".md"), ("__pycache__",)):
            text = read(path)
            if path.suffix == ".py":
                text = python_docstrings(text)
            yield f"python/{path.relative_to(root)}", text


def crate_docs() -> Iterator[Document]:
    """READMEs, changelogs and doc comments of the crates Cargo has fetched."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for index in sorted((home / "registry/src").glob("*")):
        for path in walk(index, (".rs", ".md")):
            text = read(path)
            if path.suffix == ".rs":
                text = rust_doc_comments(text)
            yield f"crate/{path.relative_to(index)}", text


SOURCES = {
    "rust-book": rust_books,
    "rust-doc": rust_docs,
    "man": manual_pages,
    "python": python_docs,
    "doc": package_docs,
    "crate": crate_docs,
    "changelog": change_logs,
}


def documents(names: list[str]) -> Iterator[Document]:
    """Every document of the named sources, identical ones once."""
    seen: set[bytes] = set()
    for name in names:
        for url, text in SOURCES[name]():
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if len(text) >= MIN_CHARS and digest not in seen:
                seen.add(digest)
                yield url, text


# -------------------------------------------------------------------- writing


def varied(text: str, turn: int) -> str:
    """The text of repetition ``turn``: its paragraphs rotated, so that no
    document is there twice and no new word is made up."""
    paragraphs = text.split("\n\n")
    cut = turn % len(paragraphs)
    return "\n\n".join([f"Copy {turn}.", *paragraphs[cut:], *paragraphs[:cut]])


class Jsonl:
    """Writes rows as JSONL files of at most ``file_bytes`` bytes each."""

    def __init__(self, folder: Path, file_bytes: int) -> None:
        self.folder, self.file_bytes = folder, file_bytes
        self.n_files = self.in_file = 0
        self.file = None

    def add(self, row: dict[str, object]) -> int:
        """Writes one row; returns its bytes."""
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        if self.file is None or self.in_file + len(line) > self.file_bytes:
            self.close()
            self.file = open(self.folder / f"part-{self.n_files:04}.jsonl", "wb")
            self.n_files, self.in_file = self.n_files + 1, 0
        self.file.write(line)
        self.in_file += len(line)
        return len(line)

    def close(self) -> None:
        """Ends the file that is open."""
        if self.file is not None:
            self.file.close()
            self.file = None


class Parquet:
    """Writes rows as one Parquet file with row groups of about 128 MiB."""

    def __init__(self, folder: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.pa = pa
        self.schema = pa.schema([("id", pa.int64()), ("url", pa.string()), ("text", pa.large_string())])
        self.file = pq.ParquetWriter(folder / "part-0000.parquet", self.schema, compression="zstd")
        self.rows: list[dict[str, object]] = []
        self.in_group, self.n_files = 0, 1

    def add(self, row: dict[str, object]) -> int:
        """Takes one row; returns the bytes of its text."""
        n_bytes = len(str(row["text"]).encode())
        self.rows.append(row)
        self.in_group += n_bytes
        if self.in_group >= ROW_GROUP_BYTES:
            self.flush()
        return n_bytes

    def flush(self) -> None:
        """Ends the row group."""
        if self.rows:
            table = self.pa.Table.from_pylist(self.rows, schema=self.schema)
            self.file.write_table(table, row_group_size=len(self.rows))
            self.rows, self.in_group = [], 0

    def close(self) -> None:
        """Ends the file."""
        self.flush()
        self.file.close()


def rows(names: list[str], size: int | None) -> Iterator[dict[str, object]]:
    """Rows for ``size`` bytes, repeated with variation where there is not
    enough text; all there are without a size."""
    kept: list[Document] = []
    for url, text in documents(names):
        if size is not None:
            kept.append((url, text))
        yield {"url": url, "text": text}
    turn = 0
    while size is not None and kept:
        turn += 1
        for url, text in kept:
            yield {"url": f"{url}#{turn}", "text": varied(text, turn)}


def parse_size(text: str) -> int:
    """``200MB`` or ``2GiB`` as bytes."""
    match = re.fullmatch(r"(\d+)([kmg]i?b)?", text.strip().lower())
    if not match:
        raise argparse.ArgumentTypeError(f"expected a size such as 200MB, got {text!r}")
    return int(match.group(1)) * UNITS.get(match.group(2) or "", 1)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write into; its part-* files are replaced")
    parser.add_argument("--size", type=parse_size, help="stop at so many bytes, repeating if need be (200MB, 2GB)")
    parser.add_argument("--min-size", type=parse_size, default=0, help="fail if there is less text than this")
    parser.add_argument("--file-size", type=parse_size, default=1 << 62, help="bytes a JSONL file holds at most")
    parser.add_argument("--parquet", action="store_true", help="one Parquet file instead of JSONL")
    parser.add_argument("--sources", default=",".join(SOURCES), help=f"some of {','.join(SOURCES)}")
    args = parser.parse_args()
    args.sources = args.sources.split(",")
    unknown = [name for name in args.sources if name not in SOURCES]
    if unknown:
        parser.error(f"unknown source {unknown[0]!r}, expected one of {', '.join(SOURCES)}")
    return args


def report(lengths: list[int], n_bytes: int, by_source: Counter[str], digest: str) -> dict[str, object]:
    """What was made, for people and for records."""
    ordered = sorted(lengths)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    return {
        "bytes": n_bytes,
        "documents": len(ordered),
        "text_bytes": sum(ordered),
        "text_bytes_mean": round(sum(ordered) / len(ordered)),
        "text_bytes_p10": at(0.1),
        "text_bytes_p50": at(0.5),
        "text_bytes_p90": at(0.9),
        "text_bytes_p99": at(0.99),
        "text_bytes_max": ordered[-1],
        "text_bytes_by_source": dict(by_source),
        "digest": digest,
    }


def main() -> int:
    """Writes the corpus and prints what it holds as JSON."""
    args = parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for old in args.out.glob("part-*"):
        old.unlink()
    writer = Parquet(args.out) if args.parquet else Jsonl(args.out, args.file_size)
    digest = hashlib.blake2b(digest_size=16)
    lengths: list[int] = []
    by_source: Counter[str] = Counter()
    n_bytes = 0
    for number, row in enumerate(rows(args.sources, args.size)):
        text = str(row["text"]).encode()
        n_bytes += writer.add({"id": number, **row})
        digest.update(text)
        lengths.append(len(text))
        by_source[str(row["url"]).split("/", 1)[0]] += len(text)
        if args.size is not None and n_bytes >= args.size:
            break
    writer.close()
    if not lengths or n_bytes < args.min_size:
        print(f"corpus: expected at least {args.min_size} bytes of text on this machine, found {n_bytes}", file=sys.stderr)
        return 1
    print(json.dumps(report(lengths, n_bytes, by_source, digest.hexdigest()), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
