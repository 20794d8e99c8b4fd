//! How do elements lie in memory that is all there?

use crate::bytes::Bytes;
use robocache_testkit::operand::Style;

/// Mostly plain; else anything that strides can say, and for inputs also repetition.
pub fn style<const R: usize>(from: &mut Bytes<'_>, is_input: bool) -> Style<R> {
    let choice = from.byte();
    let mut style = Style::shifted(usize::from(choice >> 1 & 7));
    if choice & 1 == 0 {
        return style;
    }
    for axis in (1..R).rev() {
        style.order.swap(axis, from.below(axis + 1));
    }
    for axis in 0..R {
        let choice = from.byte();
        style.steps[axis] = 1 + usize::from(choice & 1);
        style.pads[axis] = usize::from(choice >> 1 & 3);
        style.reversed[axis] = choice & 8 != 0;
        style.repeated[axis] = is_input && choice & 0x70 == 0x70;
    }
    style
}
