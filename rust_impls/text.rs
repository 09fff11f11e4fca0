//! A text as CPython stores it: the narrowest of one, two or four bytes per character (PEP 393).

use std::ops::Range;

/// A borrowed text. It consists of code points, so that lone surrogates are characters too.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// ASCII and Latin-1.
    One(&'a [u8]),
    /// Up to U+FFFF.
    Two(&'a [u16]),
    /// Up to U+10FFFF.
    Four(&'a [u32]),
}

impl<'a> Text<'a> {
    /// The length in characters.
    pub fn len(&self) -> usize {
        match self {
            Text::One(codes) => codes.len(),
            Text::Two(codes) => codes.len(),
            Text::Four(codes) => codes.len(),
        }
    }

    /// The characters in a range.
    ///
    /// # Panics
    ///
    /// When the range goes beyond the text.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Text<'a> {
        match self {
            Text::One(codes) => Text::One(&codes[range]),
            Text::Two(codes) => Text::Two(&codes[range]),
            Text::Four(codes) => Text::Four(&codes[range]),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An owned text, stored as CPython would store it, for code that runs without Python.
#[derive(Debug, Clone)]
pub enum OwnedText {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl OwnedText {
    pub fn as_text(&self) -> Text<'_> {
        match self {
            OwnedText::One(codes) => Text::One(codes),
            OwnedText::Two(codes) => Text::Two(codes),
            OwnedText::Four(codes) => Text::Four(codes),
        }
    }
}

/// Chooses the narrowest form that holds every code point.
impl FromIterator<u32> for OwnedText {
    fn from_iter<I: IntoIterator<Item = u32>>(codes: I) -> Self {
        let codes: Vec<u32> = codes.into_iter().collect();
        narrowed(&codes)
            .map(OwnedText::One)
            .or_else(|| narrowed(&codes).map(OwnedText::Two))
            .unwrap_or(OwnedText::Four(codes))
    }
}

fn narrowed<C: TryFrom<u32>>(codes: &[u32]) -> Option<Vec<C>> {
    codes.iter().map(|&code| C::try_from(code).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_narrowest_that_holds_every_character() {
        let stored = |text: &str| text.chars().map(u32::from).collect::<OwnedText>();
        assert!(matches!(stored("").as_text(), Text::One([])));
        assert!(matches!(stored("a\u{FF}").as_text(), Text::One([97, 0xFF])));
        assert!(matches!(
            stored("a\u{100}").as_text(),
            Text::Two([97, 0x100])
        ));
        assert!(matches!(stored("\u{FFFF}").as_text(), Text::Two([0xFFFF])));
        assert!(matches!(
            stored("\u{10000}a").as_text(),
            Text::Four([0x10000, 97])
        ));
    }
}
