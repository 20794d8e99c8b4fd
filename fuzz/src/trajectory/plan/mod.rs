//! Any description of a resampling: sizes, strides and addresses up to the ends of their types.
//!
//! | file | question it answers |
//! |---|---|
//! | `request` | which request do its tensors make together, and what must hold of it if it is accepted? |
//! | `launch` | what must hold of its launch on a device? |
//!
//! Half of the requests lie in small host memory: those accepted are run where that ends soon, each
//! operand in an allocation of its own, so that the address sanitizer sees any access outside. The
//! others name memory of a device that is not there, and are only planned.

mod launch;
mod request;

use crate::bytes::Bytes;

/// Plans, checks and, in host memory, runs. Whether the request was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let from = &mut Bytes(data);
    match from.flag() {
        false => request::on_the_host(from),
        true => request::on_a_device(from),
    }
}
