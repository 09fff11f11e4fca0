//! Where a piece ends, character by character: the patterns as plain code.

use super::classes::Class;

/// The class of the character that begins at `at`, and its length in bytes; `None` at the end.
fn class_at(text: &[u8], at: usize) -> Option<(Class, usize)> {
    let first = u32::from(*text.get(at)?);
    if first < 0x80 {
        return Some((Class::of(first), 1));
    }
    let next = |offset: usize| {
        text.get(at + offset)
            .map_or(0, |&byte| u32::from(byte) & 0x3F)
    };
    Some(if first < 0xE0 {
        (Class::of((first & 0x1F) << 6 | next(1)), 2)
    } else if first < 0xF0 {
        (Class::of((first & 0xF) << 12 | next(1) << 6 | next(2)), 3)
    } else {
        let code = (first & 7) << 18 | next(1) << 12 | next(2) << 6 | next(3);
        (Class::of(code), 4)
    })
}

/// Whether a class of the next character is there and fulfils a condition.
fn next_is(text: &[u8], at: usize, condition: impl Fn(Class) -> bool) -> bool {
    class_at(text, at).is_some_and(|(class, _)| condition(class))
}

/// The end of the characters from `at` on that fulfil a condition.
fn run_end(text: &[u8], mut at: usize, condition: impl Fn(Class) -> bool) -> usize {
    while let Some((class, length)) = class_at(text, at) {
        if !condition(class) {
            break;
        }
        at += length;
    }
    at
}

fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The length of `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll` at `at`.
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)? {
        [b'\'', b's' | b't' | b'm' | b'd', ..] => Some(2),
        [b'\'', b'r' | b'v', b'e', ..] | [b'\'', b'l', b'l', ..] => Some(3),
        _ => None,
    }
}

/// The same in either case. To Unicode, U+017F (a long s) is a lower-case form of S.
fn contraction_in_any_case(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let mut start = [0; 3];
    let length = rest.len().min(3);
    start[..length].copy_from_slice(&rest[..length]);
    if start == [b'\'', 0xC5, 0xBF] {
        return Some(3);
    }
    contraction(&start.map(|byte| byte.to_ascii_lowercase()), 0)
}

/// The end of the white space at `start`, where no rule for what follows it applies:
/// `\s+(?!\S)|\s+`. The last character is left to what follows.
fn space_end(text: &[u8], start: usize, run_end: usize) -> usize {
    if run_end == text.len() {
        return run_end;
    }
    let mut last = run_end - 1;
    while text[last] & 0xC0 == 0x80 {
        last -= 1;
    }
    if last > start { last } else { run_end }
}

pub fn gpt2(text: &[u8], start: usize) -> usize {
    if let Some(length) = contraction(text, start) {
        return start + length;
    }
    let word = start + usize::from(text[start] == b' ');
    let Some((class, _)) = class_at(text, word) else {
        return text.len();
    };
    if class.is_letter() {
        run_end(text, word, Class::is_letter)
    } else if class.is_number() {
        run_end(text, word, Class::is_number)
    } else if class.is_other() {
        run_end(text, word, Class::is_other)
    } else {
        space_end(text, start, run_end(text, start, Class::is_space))
    }
}

/// Up to three numbers: `\p{N}{1,3}`.
fn numbers_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    for _ in 0..3 {
        match class_at(text, at) {
            Some((class, length)) if class.is_number() => at += length,
            _ => break,
        }
    }
    at
}

/// ` ?[^\s\p{L}\p{N}]+` with the bytes after it that fulfil a condition.
fn others_end(text: &[u8], start: usize, absorbed: impl Fn(u8) -> bool) -> Option<usize> {
    let others = start + usize::from(text[start] == b' ');
    let end = run_end(text, others, Class::is_other);
    if end == others {
        return None;
    }
    let rest = text[end..].iter().take_while(|&&byte| absorbed(byte));
    Some(end + rest.count())
}

/// The end after the last line break in white space, if it has one: `\s*[\r\n]+`.
fn lines_end(text: &[u8], start: usize, run_end: usize) -> Option<usize> {
    let last = text[start..run_end]
        .iter()
        .rposition(|&byte| is_line_break(byte));
    last.map(|last| start + last + 1)
}

pub fn cl100k(text: &[u8], start: usize) -> usize {
    if let Some(length) = contraction_in_any_case(text, start) {
        return start + length;
    }
    let Some((class, length)) = class_at(text, start) else {
        return start;
    };
    if class.is_letter() {
        return run_end(text, start, Class::is_letter);
    }
    if class.is_number() {
        return numbers_end(text, start);
    }
    let next = start + length;
    if !is_line_break(text[start]) && next_is(text, next, Class::is_letter) {
        return run_end(text, next, Class::is_letter);
    }
    if let Some(end) = others_end(text, start, is_line_break) {
        return end;
    }
    let end = run_end(text, start, Class::is_space);
    if end == text.len() {
        return end;
    }
    lines_end(text, start, end).unwrap_or_else(|| space_end(text, start, end))
}

pub fn o200k(text: &[u8], start: usize) -> usize {
    if let Some(end) = word_end(text, start) {
        return end + contraction_in_any_case(text, end).unwrap_or(0);
    }
    if next_is(text, start, Class::is_number) {
        return numbers_end(text, start);
    }
    if let Some(end) = others_end(text, start, |byte| is_line_break(byte) || byte == b'/') {
        return end;
    }
    let end = run_end(text, start, Class::is_space);
    lines_end(text, start, end).unwrap_or_else(|| space_end(text, start, end))
}

/// The end of a word of O200k with at most one other character before it, but without what
/// follows an apostrophe: the first two alternatives of the pattern.
fn word_end(text: &[u8], start: usize) -> Option<usize> {
    let (class, length) = class_at(text, start)?;
    let prefix = !is_line_break(text[start]) && !class.is_letter() && !class.is_number();
    let after_prefix = prefix.then_some(start + length);
    // Only a mark can be both a prefix and a part of the word.
    let without_prefix = (class.begins_word() || class.ends_word()).then_some(start);
    let both = || after_prefix.into_iter().chain(without_prefix);
    both()
        .find_map(|word| ending_in_lower(text, word))
        .or_else(|| {
            both().find_map(|word| {
                let end = run_end(text, word, Class::begins_word);
                (end > word).then_some(end)
            })
        })
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`: the first part takes all it can,
/// and gives back as little as the second part needs.
fn ending_in_lower(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut after_last_of_both = None;
    while let Some((class, length)) = class_at(text, at) {
        if !class.begins_word() {
            break;
        }
        at += length;
        if class != Class::UPPER {
            after_last_of_both = Some(at);
        }
    }
    if next_is(text, at, |class| class == Class::LOWER) {
        Some(run_end(text, at, Class::ends_word))
    } else {
        after_last_of_both
    }
}
