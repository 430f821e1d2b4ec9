//! Rust read roughly: enough to tell code from prose and from what is compiled for tests only.

/// A word, `::`, or any other single character.
pub struct Token {
    pub line: usize,
    pub text: String,
}

/// The text with comments and the insides of texts blanked, byte for byte as long as before.
pub fn bare(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment(bytes, at),
            b'"' => string(bytes, at),
            b'r' if !word_before(bytes, at) => raw_string(bytes, at).unwrap_or(at),
            b'b' if !word_before(bytes, at) && bytes.get(at + 1) == Some(&b'r') => {
                raw_string(bytes, at + 1).unwrap_or(at)
            }
            b'\'' => character(bytes, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            let blank = |b: &u8| if *b == b'\n' { b'\n' } else { b' ' };
            out.extend(bytes[at..end].iter().map(blank));
            at = end;
        }
    }
    String::from_utf8(out).unwrap()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let found = bytes[from..].windows(what.len()).position(|w| w == what);
    found.map_or(bytes.len(), |n| from + n)
}

fn block_comment(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut open) = (from + 2, 1);
    while at < bytes.len() && open > 0 {
        if bytes[at..].starts_with(b"/*") {
            (at, open) = (at + 2, open + 1);
        } else if bytes[at..].starts_with(b"*/") {
            (at, open) = (at + 2, open - 1);
        } else {
            at += 1;
        }
    }
    at
}

fn string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn raw_string(bytes: &[u8], from: usize) -> Option<usize> {
    let hashes = bytes[from + 1..].iter().take_while(|b| **b == b'#').count();
    if bytes.get(from + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let close = [&b"\""[..], &b"#".repeat(hashes)[..]].concat();
    let end = find(bytes, from + 2 + hashes, &close) + close.len();
    Some(end.min(bytes.len()))
}

/// A character's end; none for a lifetime.
fn character(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = &bytes[from + 1..];
    if rest.first() == Some(&b'\\') {
        return Some(find(bytes, from + 3, b"'") + 1);
    }
    let length = match rest.first()? {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (rest.get(length) == Some(&b'\'')).then_some(from + length + 2)
}

fn word_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

const FOR_TESTS: &str = "#[cfg(test)]";

/// Bare text with every item under `#[cfg(test)]` blanked.
pub fn without_tests(bare: &str) -> String {
    let mut out = bare.as_bytes().to_vec();
    let mut from = 0;
    while let Some(start) = bare[from..].find(FOR_TESTS).map(|n| from + n) {
        let end = item_end(bare.as_bytes(), start + FOR_TESTS.len());
        for byte in &mut out[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8(out).unwrap()
}

/// Where an item ends: at its semicolon, or at the brace that closes its body.
fn item_end(bytes: &[u8], from: usize) -> usize {
    let mut open = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'{' | b'(' | b'[' => open += 1,
            b')' | b']' => open -= 1,
            b'}' if open == 1 => return at + 1,
            b'}' => open -= 1,
            b';' if open == 0 => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

/// Files that this one declares for tests only: `#[cfg(test)] mod x;`, with or without a path.
pub fn test_modules(path: &str, text: &str) -> Vec<String> {
    let bare = bare(text);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let inner = match path.rsplit('/').next() {
        Some("mod.rs" | "lib.rs" | "main.rs") => folder.to_string(),
        _ => path.trim_end_matches(".rs").to_string(),
    };
    let mut out = Vec::new();
    for (start, _) in bare.match_indices(FOR_TESTS) {
        let end = item_end(bare.as_bytes(), start + FOR_TESTS.len());
        let words: Vec<Token> = tokens(&bare[start..end]);
        let words: Vec<&str> = words.iter().map(|t| t.text.as_str()).collect();
        let [.., "mod", name, ";"] = words[..] else {
            continue;
        };
        let attribute = text[start..end].split_once("#[path");
        let named = attribute.and_then(|(_, rest)| rest.split('"').nth(1));
        out.push(match named {
            Some(named) => format!("{folder}/{named}"),
            None => format!("{inner}/{name}.rs"),
        });
    }
    out
}

pub fn tokens(bare: &str) -> Vec<Token> {
    let mut out = Vec::new();
    for (number, line) in bare.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if word(first) {
                rest.find(|c| !word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            out.push(Token {
                line: number + 1,
                text: rest[..length].to_string(),
            });
            rest = rest[length..].trim_start();
        }
    }
    out
}
