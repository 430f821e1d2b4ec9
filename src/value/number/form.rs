//! Reading and writing numbers with all that stands around their digits.

use std::fmt;

use super::super::text::ascii_of;
use super::{DIGITS, Decimal, Habit};

/// Signs and names of money that may stand before a number.
const CURRENCIES: [&str; 14] = [
    "¥",
    "￥",
    "$",
    "€",
    "£",
    "₩",
    "RMB",
    "CNY",
    "USD",
    "EUR",
    "HKD",
    "US$",
    "HK$",
    "人民币",
];

/// What may stand after a number. A closed list, since 12A and 3B are codes.
const UNITS: [&str; 96] = [
    "%",
    "‰",
    "元",
    "万元",
    "亿元",
    "万",
    "亿",
    "角",
    "圆",
    "kg",
    "KG",
    "Kg",
    "g",
    "mg",
    "μg",
    "ug",
    "ng",
    "t",
    "lb",
    "lbs",
    "oz",
    "公斤",
    "千克",
    "克",
    "毫克",
    "斤",
    "吨",
    "m",
    "cm",
    "CM",
    "mm",
    "km",
    "ft",
    "in",
    "米",
    "厘米",
    "毫米",
    "公里",
    "千米",
    "㎡",
    "m²",
    "m2",
    "平方米",
    "平米",
    "亩",
    "L",
    "l",
    "mL",
    "ml",
    "ML",
    "升",
    "毫升",
    "℃",
    "°C",
    "°F",
    "℉",
    "°",
    "度",
    "岁",
    "周岁",
    "周",
    "天",
    "日",
    "月",
    "个月",
    "年",
    "小时",
    "时",
    "分",
    "分钟",
    "秒",
    "h",
    "min",
    "s",
    "次",
    "次/分",
    "人",
    "个",
    "件",
    "台",
    "mmHg",
    "kPa",
    "bpm",
    "mmol/L",
    "umol/L",
    "μmol/L",
    "mg/dL",
    "mg/L",
    "g/L",
    "U/L",
    "IU/L",
    "kg/m2",
    "kg/m²",
    "kcal",
    "CNY",
    "USD",
];

/// How a number was written. Where a single number leaves a habit open (`58` does not show whether thousands are parted), the form
/// takes the plain way; [`NumberForm::merge`] over a column settles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberForm {
    decimals: u8,
    thousands: Habit,
    plus: Habit,
    bare_point: Habit,
    currency: Option<u8>,
    currency_gap: bool,
    sign_inside: Habit,
    unit: Option<u8>,
    unit_gap: bool,
}

impl NumberForm {
    /// A number as programs write it: the decimals that the value needs, a minus, nothing else.
    pub const PLAIN: NumberForm = NumberForm {
        decimals: 0,
        thousands: Habit::Unseen,
        plus: Habit::Unseen,
        bare_point: Habit::Unseen,
        currency: None,
        currency_gap: false,
        sign_inside: Habit::Unseen,
        unit: None,
        unit_gap: false,
    };

    /// The least number of decimals that is written.
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// The unit after the number.
    pub fn unit(&self) -> Option<&'static str> {
        self.unit.and_then(|u| UNITS.get(usize::from(u))).copied()
    }

    /// The currency before the number.
    pub fn currency(&self) -> Option<&'static str> {
        self.currency
            .and_then(|c| CURRENCIES.get(usize::from(c)))
            .copied()
    }

    /// The form in which both were written, `None` where there is none. Folded over a column it tells how that column writes: with
    /// `58.5` and `58` it drops final zeros, with `58.5` and `58.0` it keeps one decimal.
    pub fn merge(&self, other: &NumberForm) -> Option<NumberForm> {
        let around = |f: &NumberForm| (f.currency, f.currency_gap, f.unit, f.unit_gap);
        if around(self) != around(other) {
            return None;
        }
        Some(NumberForm {
            decimals: self.decimals.min(other.decimals),
            thousands: self.thousands.merge(other.thousands)?,
            plus: self.plus.merge(other.plus)?,
            bare_point: self.bare_point.merge(other.bare_point)?,
            sign_inside: self.sign_inside.merge(other.sign_inside)?,
            ..*self
        })
    }

    /// Writes `number`, see [`NumberForm::render`].
    pub fn write<W: fmt::Write>(&self, number: &Decimal, out: &mut W) -> fmt::Result {
        let number = number.reduced();
        let sign = match number.coefficient {
            0 => "",
            c if c < 0 => "-",
            _ if self.plus == Habit::Yes => "+",
            _ => "",
        };
        let inside = self.sign_inside == Habit::Yes;
        out.write_str(if inside { "" } else { sign })?;
        if let Some(currency) = self.currency() {
            out.write_str(currency)?;
            out.write_str(if self.currency_gap { " " } else { "" })?;
        }
        out.write_str(if inside { sign } else { "" })?;
        self.write_digits(&number, out)?;
        if let Some(unit) = self.unit() {
            out.write_str(if self.unit_gap { " " } else { "" })?;
            out.write_str(unit)?;
        }
        Ok(())
    }

    fn write_digits<W: fmt::Write>(&self, number: &Decimal, out: &mut W) -> fmt::Result {
        let mut text = [b'0'; 40];
        let mut left = number.coefficient.unsigned_abs();
        let mut at = text.len();
        while left > 0 {
            at -= 1;
            text[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        // The places before `at` hold zeros, so a part that is longer than the digits reads on into them.
        let scale = usize::from(number.scale);
        let point = text.len() - scale;
        let whole = text.get(at.min(point)..point).and_then(ascii).unwrap_or("");
        if whole.is_empty() {
            out.write_str(if self.bare_point == Habit::Yes && scale > 0 {
                ""
            } else {
                "0"
            })?;
        } else if self.thousands == Habit::Yes {
            for (i, digit) in whole.char_indices() {
                if i > 0 && (whole.len() - i) % 3 == 0 {
                    out.write_char(',')?;
                }
                out.write_char(digit)?;
            }
        } else {
            out.write_str(whole)?;
        }
        let decimals = scale.max(usize::from(self.decimals));
        if decimals > 0 {
            out.write_str(".")?;
            out.write_str(text.get(point..).and_then(ascii).unwrap_or(""))?;
            (scale..decimals).try_for_each(|_| out.write_str("0"))?;
        }
        Ok(())
    }
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// See [`super::parse`].
pub(super) fn read(text: &str) -> Option<(Decimal, NumberForm)> {
    let text = text.trim();
    if text.len() > 96 {
        return None;
    }
    read_half_width(text).or_else(|| {
        let wide = |c: &char| !c.is_ascii() && ascii_of(*c).is_some();
        if text.is_ascii() || !text.chars().any(|c| wide(&c)) {
            return None;
        }
        let half: String = text
            .chars()
            .map(|c| ascii_of(c).map_or(c, char::from))
            .collect();
        read_half_width(half.trim())
    })
}

fn read_half_width(text: &str) -> Option<(Decimal, NumberForm)> {
    let mut form = NumberForm::PLAIN;
    let (outer, rest) = take_sign(text);
    let rest = take_currency(rest, &mut form);
    let (inner, rest) = if form.currency.is_some() && outer.is_none() {
        take_sign(rest)
    } else {
        (None, rest)
    };
    let sign = outer.or(inner);
    let digits = take_digits(rest)?;
    let suffix = rest.get(digits.length..)?;
    let exponent = match suffix.as_bytes() {
        [] => 0,
        [b'e' | b'E', exponent @ ..] if exponent.len() <= 4 => {
            ascii(exponent)?.parse::<i32>().ok()?
        }
        _ => {
            take_unit(suffix, &mut form)?;
            0
        }
    };
    let negative = sign == Some(b'-');
    let coefficient = if negative {
        -digits.coefficient
    } else {
        digits.coefficient
    };
    let number = scaled(coefficient, i32::from(digits.decimals) - exponent)?;
    form.decimals = digits.decimals;
    form.thousands = digits.thousands;
    form.bare_point = digits.bare_point;
    if coefficient != 0 {
        if !negative {
            form.plus = Habit::seen(sign.is_some());
        }
        if sign.is_some() && form.currency.is_some() {
            form.sign_inside = Habit::seen(inner.is_some());
        }
    }
    Some((number, form))
}

/// `coefficient / 10^scale` for any scale that leaves a number in range.
fn scaled(coefficient: i64, scale: i32) -> Option<Decimal> {
    if scale >= 0 {
        return Decimal::new(coefficient, u8::try_from(scale).ok()?);
    }
    let factor = 10i64.checked_pow(scale.unsigned_abs())?;
    Decimal::new(coefficient.checked_mul(factor)?, 0)
}

fn take_sign(text: &str) -> (Option<u8>, &str) {
    match text.as_bytes() {
        [sign @ (b'-' | b'+'), ..] => (Some(*sign), &text[1..]),
        _ => (None, text),
    }
}

fn take_currency<'a>(text: &'a str, form: &mut NumberForm) -> &'a str {
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return text;
    }
    for (i, currency) in CURRENCIES.iter().enumerate() {
        if let Some(rest) = text.strip_prefix(currency) {
            form.currency = Some(i as u8);
            form.currency_gap = rest.starts_with(' ');
            return rest.trim_start();
        }
    }
    text
}

fn take_unit(suffix: &str, form: &mut NumberForm) -> Option<()> {
    let unit = suffix.trim_start();
    let exact = UNITS.iter().position(|u| *u == unit);
    let place = exact.or_else(|| UNITS.iter().position(|u| u.eq_ignore_ascii_case(unit)))?;
    form.unit = Some(place as u8);
    form.unit_gap = unit.len() < suffix.len();
    Some(())
}

struct Digits {
    coefficient: i64,
    decimals: u8,
    thousands: Habit,
    bare_point: Habit,
    /// Bytes read.
    length: usize,
}

fn take_digits(text: &str) -> Option<Digits> {
    let (mut coefficient, mut count, mut whole, mut decimals) = (0i64, 0u8, 0u8, 0u8);
    let (mut point, mut group, mut commas) = (false, 0u8, false);
    let mut length = 0;
    for b in text.bytes() {
        match b {
            b'0'..=b'9' => {
                coefficient = coefficient * 10 + i64::from(b - b'0');
                count += 1;
                // The 0 before the point is no digit of the number's eighteen.
                if count > DIGITS + u8::from(text.starts_with('0')) {
                    return None;
                }
                if point {
                    decimals += 1;
                } else {
                    whole += 1;
                    group += 1;
                }
            }
            b',' if !point
                && (if commas {
                    group == 3
                } else {
                    (1..=3).contains(&group)
                }) =>
            {
                (commas, group) = (true, 0);
            }
            b'.' if !point => point = true,
            _ => break,
        }
        length += 1;
    }
    let leading_zero = whole > 1 && text.starts_with('0');
    if count == 0 || leading_zero || decimals > DIGITS || (commas && group != 3) {
        return None;
    }
    Some(Digits {
        coefficient,
        decimals,
        thousands: if whole > 3 {
            Habit::seen(commas)
        } else {
            Habit::Unseen
        },
        bare_point: if whole == 0 {
            Habit::Yes
        } else if text.starts_with('0') && decimals > 0 {
            Habit::No
        } else {
            Habit::Unseen
        },
        length,
    })
}
