//! The files of src/ as the rules want them: what is code, what is for tests, which room uses which.

use std::fs;
use std::path::{Path, PathBuf};

use super::rust::{Token, bare, test_modules, tokens, without_tests};

pub struct Tree {
    pub files: Vec<File>,
}

pub struct File {
    /// From the package's folder, with forward slashes.
    pub path: String,
    pub lines: usize,
    /// Compiled for tests only.
    pub for_tests: bool,
    /// Without comments, the insides of texts, and what is compiled for tests only.
    pub tokens: Vec<Token>,
}

impl Tree {
    pub fn read() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        walk(&root.join("src"), &mut paths);
        assert!(paths.len() > 50, "src/ has only {} files", paths.len());
        let texts: Vec<(String, String)> = paths
            .iter()
            .map(|path| {
                let below = path.strip_prefix(root).unwrap();
                let parts: Vec<_> = below.iter().map(|p| p.to_string_lossy()).collect();
                (parts.join("/"), fs::read_to_string(path).unwrap())
            })
            .collect();
        Tree::of(&texts)
    }

    pub fn of(texts: &[(String, String)]) -> Tree {
        let mut for_tests: Vec<String> = Vec::new();
        for (path, text) in texts {
            for_tests.extend(test_modules(path, text));
        }
        let files = texts.iter().map(|(path, text)| {
            let stem = path.trim_end_matches(".rs");
            // a module of a test module lies in a folder of the same name
            let tests = for_tests
                .iter()
                .map(|t| t.trim_end_matches(".rs"))
                .any(|t| stem == t || stem.starts_with(&format!("{t}/")));
            File::of(path, text, tests)
        });
        Tree {
            files: files.collect(),
        }
    }

    /// What is not compiled for tests only.
    pub fn code(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|f| !f.for_tests)
    }

    pub fn file(&self, path: &str) -> &File {
        let found = self.files.iter().find(|f| f.path == path);
        found.unwrap_or_else(|| panic!("{path} is gone; say in tests/house.rs where it went"))
    }
}

impl File {
    pub fn of(path: &str, text: &str, for_tests: bool) -> File {
        File {
            path: path.to_string(),
            lines: text.lines().count(),
            for_tests,
            tokens: tokens(&without_tests(&bare(text))),
        }
    }
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The room a file stands in; none for the two roots of the crate.
pub fn room_of(path: &str) -> Option<&str> {
    let first = path.strip_prefix("src/")?.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main"].contains(&room)).then_some(room)
}

/// How many modules a file's own module lies under the crate's root.
fn depth(path: &str) -> usize {
    let below = path.strip_prefix("src/").unwrap_or(path);
    let parts = below.split('/').count();
    match below.rsplit('/').next() {
        Some("mod.rs") => parts - 1,
        _ => parts,
    }
}

/// Every mention of something under the crate's root, by `crate::`, `taggant::` or enough `super::`: (line, room).
pub fn imports(file: &File) -> Vec<(usize, String)> {
    let text = |at: usize| file.tokens.get(at).map_or("", |t| t.text.as_str());
    let mut out = Vec::new();
    let mut at = 0;
    while at < file.tokens.len() {
        let start = at;
        at += 1;
        let at_root = match text(start) {
            "super" if start < 2 || text(start - 1) != "::" => {
                let mut ups = 1;
                while text(at) == "::" && text(at + 1) == "super" {
                    (ups, at) = (ups + 1, at + 2);
                }
                ups >= depth(&file.path)
            }
            // in the binary `crate` is the command line alone
            "crate" => !file.path.starts_with("src/cli/"),
            "taggant" => true,
            _ => false,
        };
        if at_root && text(at) == "as" {
            out.push((file.tokens[start].line, "the whole crate".to_string()));
        } else if at_root && text(at) == "::" {
            out.extend(heads(&file.tokens, at + 1));
        }
    }
    out
}

/// The first words of the path or group of paths that begins here.
fn heads(tokens: &[Token], at: usize) -> Vec<(usize, String)> {
    let Some(first) = tokens.get(at) else {
        return Vec::new();
    };
    if first.text != "{" {
        return vec![(first.line, first.text.clone())];
    }
    let mut out = Vec::new();
    let (mut open, mut fresh) = (1, true);
    for token in &tokens[at + 1..] {
        match token.text.as_str() {
            "{" => open += 1,
            "}" => open -= 1,
            "," if open == 1 => fresh = true,
            _ if fresh => {
                out.push((token.line, token.text.clone()));
                fresh = false;
            }
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    out
}
