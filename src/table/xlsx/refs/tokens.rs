//! The words of a formula that mean something elsewhere: references, names, functions. Formulas in files are written in one
//! language and one notation (A1, commas), whatever the program showed.

use std::borrow::Cow;

use super::address::End;

/// On which sheet a reference is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sheet<'a> {
    /// The sheet that the formula stands on.
    Here,
    Named(Cow<'a, str>),
    /// From one sheet to another, with all between.
    Through(Cow<'a, str>, Cow<'a, str>),
    /// In another workbook.
    Foreign,
}

/// `A1`, `Sheet!$A$1:B2`, `A:A`, `2:5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    pub sheet: Sheet<'a>,
    pub first: End,
    /// The same as the first for a single cell.
    pub last: End,
    /// Whether it is one end of a range of which the other is computed: `A1:INDEX(...)`.
    pub open: bool,
    /// As written.
    pub text: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Reference(Reference<'a>),
    /// A defined name or a structured reference.
    Name(&'a str),
    Function(&'a str),
}

/// Takes a formula apart. What is none of its words is passed over, so that nothing is an error here.
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Whether a colon went before, so that a reference is the end of a range.
    range: bool,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Tokens<'a> {
        Tokens {
            text,
            at: 0,
            range: false,
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn skip_spaces(&self, mut at: usize) -> usize {
        while self.byte(at).is_some_and(|b| b.is_ascii_whitespace()) {
            at += 1;
        }
        at
    }

    /// Behind the word that begins at `at`.
    fn word(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or(&[]);
        at + rest.iter().take_while(|b| is_word(**b)).count()
    }

    /// Behind a quoted piece, in which the quote is doubled.
    fn quoted(&self, mut at: usize, quote: u8) -> usize {
        at += 1;
        while let Some(length) = self
            .text
            .as_bytes()
            .get(at..)
            .and_then(|r| memchr::memchr(quote, r))
        {
            at += length + 1;
            if self.byte(at) != Some(quote) {
                return at;
            }
            at += 1;
        }
        self.text.len()
    }

    /// Behind `[...]` with its inner brackets; an apostrophe takes the meaning from the character behind it.
    fn bracketed(&self, mut at: usize) -> usize {
        let mut depth = 0usize;
        while let Some(byte) = self.byte(at) {
            at += 1;
            match byte {
                b'\'' => at += 1,
                b'[' => depth += 1,
                b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => (),
            }
        }
        self.text.len()
    }

    fn piece(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    /// The sheet before a `!`, and the place behind it.
    fn prefix(&self, at: usize) -> Option<(Sheet<'a>, usize)> {
        let (sheet, end) = match self.byte(at)? {
            b'\'' => {
                let end = self.quoted(at, b'\'');
                let name = self.piece(at + 1, end.max(at + 2) - 1);
                let name = match name.contains("''") {
                    true => Cow::Owned(name.replace("''", "'")),
                    false => Cow::Borrowed(name),
                };
                (quoted_sheet(name), end)
            }
            b'[' => {
                let book = self.bracketed(at);
                let end = self.word(book);
                // the workbook itself
                let own = self.piece(at, book) == "[0]" && end > book;
                match own {
                    true => (Sheet::Named(self.piece(book, end).into()), end),
                    false => (Sheet::Foreign, end),
                }
            }
            _ => {
                let end = self.word(at);
                let name = self.piece(at, end);
                let second = self.word(end + 1);
                if self.byte(end) == Some(b':')
                    && self.byte(second) == Some(b'!')
                    && second > end + 1
                    && End::parse(name, 0).is_none_or(|e| !e.is_cell())
                {
                    let through = Sheet::Through(name.into(), self.piece(end + 1, second).into());
                    return Some((through, second + 1));
                }
                (Sheet::Named(name.into()), end)
            }
        };
        (self.byte(end) == Some(b'!') && end > at).then_some((sheet, end + 1))
    }

    /// A word that is an end of a reference, and the place behind it.
    fn end(&self, at: usize) -> Option<(End, usize)> {
        let behind = self.word(at);
        // a function, a sheet, a table
        if matches!(self.byte(behind), Some(b'(' | b'!' | b'[')) {
            return None;
        }
        let end = End::parse(self.piece(at, behind), at)?;
        Some((end, behind))
    }

    /// What stands behind a sheet's name, or at the start of a word.
    fn operand(&mut self, sheet: Sheet<'a>, start: usize, at: usize) -> Option<Token<'a>> {
        let behind = self.word(at);
        let Some((first, mut here)) = self.end(at) else {
            self.at = behind.max(at);
            return self.named(start, at);
        };
        let colon = self.skip_spaces(here);
        let mut last = first.clone();
        let mut open = self.range;
        if self.byte(colon) == Some(b':') {
            let next = self.skip_spaces(colon + 1);
            let (second_sheet, second) = match self.prefix(next) {
                Some((sheet, behind)) => (Some(sheet), behind),
                None => (None, next),
            };
            match self.end(second) {
                Some((end, behind))
                    if end.goes_with(&first)
                        && second_sheet.is_none_or(|second| second == sheet) =>
                {
                    last = end;
                    here = behind;
                    open |= self.byte(self.skip_spaces(here)) == Some(b':');
                }
                _ => open = true,
            }
        }
        if !first.is_cell() && here == behind {
            // a word of letters or digits alone is a name or a number
            self.at = behind;
            return self.named(start, at);
        }
        self.at = here;
        Some(Token::Reference(Reference {
            sheet,
            first,
            last,
            open,
            text: self.piece(start, here),
        }))
    }

    /// A word that is no reference: a function, a table's name with its columns, a name, or nothing of note.
    fn named(&mut self, start: usize, at: usize) -> Option<Token<'a>> {
        let word = self.piece(at, self.at);
        match self.byte(self.at) {
            Some(b'(') => return Some(Token::Function(word)),
            Some(b'[') => {
                self.at = self.bracketed(self.at);
                return Some(Token::Name(self.piece(start, self.at)));
            }
            _ => (),
        }
        let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '$');
        let constant = word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false");
        (!word.is_empty() && !number && !constant).then(|| Token::Name(self.piece(start, self.at)))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let at = self.at;
            let byte = self.byte(at)?;
            let token = match byte {
                b'"' => {
                    self.at = self.quoted(at, b'"');
                    None
                }
                b'#' => {
                    let rest = &self.text.as_bytes()[at + 1..];
                    let code = rest
                        .iter()
                        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_'));
                    self.at = at + 1 + code.count();
                    self.at += usize::from(matches!(self.byte(self.at), Some(b'!' | b'?')));
                    None
                }
                b'\'' | b'[' => match self.prefix(at) {
                    Some((sheet, behind)) => self.operand(sheet, at, behind),
                    None if byte == b'[' => {
                        self.at = self.bracketed(at);
                        Some(Token::Name(self.piece(at, self.at)))
                    }
                    None => {
                        self.at = self.quoted(at, b'\'');
                        None
                    }
                },
                _ if is_word(byte) => match self.prefix(at) {
                    Some((sheet, behind)) => self.operand(sheet, at, behind),
                    None => self.operand(Sheet::Here, at, at),
                },
                b':' => {
                    self.at = self.skip_spaces(at + 1);
                    self.range = true;
                    continue;
                }
                _ => {
                    self.at = at + 1;
                    None
                }
            };
            self.range = false;
            if token.is_some() {
                return token;
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'.' | b'$' | b'\\' | b'?')
        || byte >= 0x80
}

/// What stands between apostrophes: a sheet, sheets from one to another, or another workbook's.
fn quoted_sheet(name: Cow<'_, str>) -> Sheet<'_> {
    if let Some(own) = name.strip_prefix("[0]") {
        return Sheet::Named(Cow::Owned(own.to_string()));
    }
    if name.contains('[') {
        return Sheet::Foreign;
    }
    match name.split_once(':') {
        Some((first, last)) => {
            Sheet::Through(Cow::Owned(first.to_string()), Cow::Owned(last.to_string()))
        }
        None => Sheet::Named(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(formula: &str) -> Vec<String> {
        let shown = |token| match token {
            Token::Reference(r) => {
                let sheet = match &r.sheet {
                    Sheet::Here => "here".to_string(),
                    Sheet::Named(name) => format!("<{name}>"),
                    Sheet::Through(a, b) => format!("<{a}..{b}>"),
                    Sheet::Foreign => "foreign".to_string(),
                };
                let open = if r.open { " open" } else { "" };
                format!("{sheet} {}{open}", r.text)
            }
            Token::Name(name) => format!("name {name}"),
            Token::Function(name) => format!("call {name}"),
        };
        Tokens::new(formula).map(shown).collect()
    }

    #[test]
    fn references() {
        assert_eq!(
            shown("A1+$B$2:c3*SUM(A:A,$2:$5)-7:7"),
            [
                "here A1",
                "here $B$2:c3",
                "call SUM",
                "here A:A",
                "here $2:$5",
                "here 7:7"
            ]
        );
        assert_eq!(
            shown("Data!A1+'It''s'!B2:B3+登记!$C$4+2024!D5"),
            [
                "<Data> Data!A1",
                "<It's> 'It''s'!B2:B3",
                "<登记> 登记!$C$4",
                "<2024> 2024!D5"
            ]
        );
        assert_eq!(
            shown("[1]Data!A1+'[1]My Data'!A1+'C:\\x\\[b.xlsx]S'!A1:B2+[0]Data!A1+[2]!total"),
            [
                "foreign [1]Data!A1",
                "foreign '[1]My Data'!A1",
                "foreign 'C:\\x\\[b.xlsx]S'!A1:B2",
                "<Data> [0]Data!A1",
                "name [2]!total"
            ]
        );
        assert_eq!(
            shown("SUM(Sheet1:Sheet3!A1,'Sheet 1:Sheet 3'!B2:B4)"),
            [
                "call SUM",
                "<Sheet1..Sheet3> Sheet1:Sheet3!A1",
                "<Sheet 1..Sheet 3> 'Sheet 1:Sheet 3'!B2:B4"
            ]
        );
        assert_eq!(shown("Data!A1:Data!B2"), ["<Data> Data!A1:Data!B2"]);
        assert_eq!(shown("A1 : B2"), ["here A1 : B2"]);
    }

    #[test]
    fn what_only_looks_like_one() {
        assert_eq!(
            shown("LOG10(A1)+ATAN2(1,2)+_xlfn.XLOOKUP(1E5,2)+1.5E+10+TRUE"),
            ["call LOG10", "here A1", "call ATAN2", "call _xlfn.XLOOKUP"]
        );
        assert_eq!(shown("\"A1\"&\"say \"\"B2\"\"\"&C3"), ["here C3"]);
        assert_eq!(
            shown("{1,2;\"A1\",#N/A}+#REF!+Data!#REF!+#DIV/0!"),
            Vec::<String>::new()
        );
        assert_eq!(
            shown("Table1[[#This Row],[A1]]+Table1[B2]+总数+XFE1+rate_A1+A1.b"),
            [
                "name Table1[[#This Row],[A1]]",
                "name Table1[B2]",
                "name 总数",
                "name XFE1",
                "name rate_A1",
                "name A1.b"
            ]
        );
        assert_eq!(shown("T['[x]+A1"), ["name T['[x]", "here A1"]);
        assert_eq!(shown("Data!rate+Data!f(1)"), ["name Data!rate", "call f"]);
    }

    #[test]
    fn ranges_with_a_computed_end() {
        assert_eq!(
            shown("A1:INDEX(B:B,3)"),
            ["here A1 open", "call INDEX", "here B:B"]
        );
        assert_eq!(
            shown("INDEX(B:B,3):A9"),
            ["call INDEX", "here B:B", "here A9 open"]
        );
        assert_eq!(shown("A1:B2:C3"), ["here A1:B2 open", "here C3 open"]);
        assert_eq!(shown("A1:rate"), ["here A1 open", "name rate"]);
    }

    #[test]
    fn anything_at_all_comes_to_an_end() {
        for odd in [
            "'", "\"", "[", "]", "#", "!", ":", "''!", "'a", "a!", "[1", "a[", "$", "A1:", "::",
            "'!'!A1", "[x]'", "é'", "A1:'", "[']",
        ] {
            let joined = format!("{odd}A1{odd}{odd}");
            for formula in [odd, &joined] {
                assert!(shown(formula).len() < 9, "{formula}");
            }
        }
    }
}
