//! Typed access of the CPU to views of host memory.
//!
//! The element type is checked once, when the typed view is made; indices are checked on every
//! access, rows as a whole. Mutable views are handed to threads by splitting them, as slices are.
//!
//! | module | question it answers |
//! |---|---|
//! | `read` | how is a view read? |
//! | `write` | how is a view written? |

mod read;
mod write;

pub use read::{HostRows, HostTensor};
pub use write::{HostRowsMut, HostTensorMut};

use crate::{Element, Error, Place, Result, TensorView};

#[inline]
fn check_index(index: &[usize], shape: &[usize]) {
    let inside = index.iter().zip(shape).all(|(i, n)| i < n);
    assert!(inside, "index {index:?} outside of shape {shape:?}");
}

fn check<T: Element, const R: usize>(view: &TensorView<'_, R>) -> Result<()> {
    if view.dtype() != T::DTYPE {
        return Err(Error::DType {
            argument: "tensor",
            found: view.dtype(),
            expected: T::DTYPE.name(),
        });
    }
    match view.place() {
        Place::Host => Ok(()),
        place => Err(Error::memory(
            "tensor",
            format!("lies in {place}, not in host memory"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layout, TensorViewMut};

    #[test]
    fn halves_of_a_split_cover_the_tensor_once() {
        for (axis, strides, first) in [(0, [6, 3, 1], 0), (1, [6, -3, 1], 3), (2, [6, 3, 1], 0)] {
            let mut data = vec![0i32; 12];
            let layout = Layout::strided([2, 2, 3], strides).unwrap();
            let view = TensorViewMut::from_slice_strided(&mut data, layout, first).unwrap();
            let tensor = HostTensorMut::<i32, 3>::new(view).unwrap();
            let (low, high) = tensor.split_at(axis, 1);
            for (mut half, value) in [(low, 1), (high, 2)] {
                let [a, b, c] = half.shape();
                for i in 0..a {
                    for j in 0..b {
                        for k in 0..c {
                            half.set([i, j, k], value);
                        }
                    }
                }
            }
            assert!(data.iter().all(|&v| v != 0), "axis {axis}: {data:?}");
            let ones = data.iter().filter(|&&v| v == 1).count();
            assert_eq!(ones, 12 / layout.shape[axis], "axis {axis}");
        }
    }

    #[test]
    fn all_elements_are_filled_and_nothing_between_them() {
        for strides in [[12, 4, 1], [20, 6, 2], [12, -4, -1], [1, 6, 2], [6, 3, 1]] {
            let mut data = vec![0i32; 40];
            let layout = Layout::strided([2, 2, 3], strides).unwrap();
            let first = -layout.extent().unwrap().unwrap().0;
            let view = TensorViewMut::from_slice_strided(&mut data, layout, first as usize);
            let mut tensor = HostTensorMut::<i32, 3>::new(view.unwrap()).unwrap();
            tensor.fill(1);
            match tensor.last_mut([1, 0, 7]) {
                Some(last) => last.fill(2),
                None => assert!(strides[2] != 1),
            }
            let count = |value| data.iter().filter(|&&v| v == value).count();
            let filled = if strides[2] == 1 { [9, 3] } else { [12, 0] };
            assert_eq!([count(1), count(2)], filled, "{strides:?}: {data:?}");
        }
        let mut none = [0u8; 0];
        let view = TensorViewMut::from_slice(&mut none, [0, 3]).unwrap();
        let mut tensor = HostTensorMut::<u8, 2>::new(view).unwrap();
        tensor.fill(1);
        assert_eq!(tensor.as_slice_mut(), Some(&mut [0u8; 0][..]));
    }

    #[test]
    fn rows_without_columns_are_nowhere() {
        let strides = [isize::MAX, isize::MIN, 7];
        let layout = Layout::strided([3, 3, 0], strides).unwrap();
        let view = TensorView::from_slice_strided(&[0f64; 0], layout, 0).unwrap();
        let tensor = HostTensor::<f64, 3>::new(&view).unwrap();
        assert_eq!(tensor.rows(2).row(2), []);
        let flat = Layout::strided([3, 0], [isize::MAX, 1]).unwrap();
        let view = TensorView::from_slice_strided(&[0f64; 0], flat, 0).unwrap();
        assert_eq!(HostTensor::<f64, 2>::new(&view).unwrap().row(2), []);
        let mut none = [0f64; 0];
        let view = TensorViewMut::from_slice_strided(&mut none, layout, 0).unwrap();
        let mut tensor = HostTensorMut::<f64, 3>::new(view).unwrap();
        assert_eq!(tensor.rows_mut(2).row_mut(2), []);
    }

    #[test]
    fn the_stride_of_a_lone_element_says_nothing() {
        let layout = Layout::strided([2, 1], [2, isize::MAX]).unwrap();
        let mut all = [0f32; 3];
        let view = TensorViewMut::from_slice_strided(&mut all, layout, 0).unwrap();
        let mut tensor = HostTensorMut::<f32, 2>::new(view).unwrap();
        tensor.fill(1.0);
        tensor.copy_from_slice(&[2.0, 3.0]);
        assert_eq!(all, [2.0, 0.0, 3.0]);
    }

    #[test]
    fn rows_lie_where_the_strides_say() {
        let mut data: Vec<i32> = (0..24).collect();
        let layout = Layout::strided([2, 3, 2], [12, -4, 1]).unwrap();
        let view = TensorView::from_slice_strided(&data, layout, 8).unwrap();
        let tensor = HostTensor::<i32, 3>::new(&view).unwrap();
        assert_eq!(tensor.rows(0).row(2), [0, 1]);
        assert_eq!(tensor.rows(1).row(0), [20, 21]);
        let view = TensorViewMut::from_slice_strided(&mut data, layout, 8).unwrap();
        let mut tensor = HostTensorMut::<i32, 3>::new(view).unwrap();
        tensor.rows_mut(1).row_mut(1)[1] = -1;
        assert_eq!(data[17], -1);
    }

    #[test]
    fn columns_lie_where_the_strides_say() {
        let data: Vec<i32> = (0..24).collect();
        let layout = Layout::strided([4, 3], [-6, 2]).unwrap();
        let view = TensorView::from_slice_strided(&data, layout, 18).unwrap();
        let tensor = HostTensor::<i32, 2>::new(&view).unwrap();
        let column = |rows, column| tensor.column(rows, column).collect::<Vec<_>>();
        assert_eq!(column(0..4, 0), [18, 12, 6, 0]);
        assert_eq!(column(1..3, 2), [16, 10]);
        assert_eq!(column(4..4, 1), []);
        let layout = Layout::strided([0, 3], [isize::MAX, isize::MAX]).unwrap();
        let view = TensorView::from_slice_strided(&[0i32; 0], layout, 0).unwrap();
        let tensor = HostTensor::<i32, 2>::new(&view).unwrap();
        assert_eq!(tensor.column(0..0, 2).count(), 0);
    }

    #[test]
    #[should_panic(expected = "column < columns")]
    fn a_column_outside_is_caught() {
        let data = [1f32; 4];
        let view = TensorView::from_slice(&data, [2, 2]).unwrap();
        let _ = HostTensor::<f32, 2>::new(&view).unwrap().column(0..2, 2);
    }

    #[test]
    fn a_view_of_another_type_is_refused() {
        let data = [1f32; 4];
        let view = TensorView::from_slice(&data, [2, 2]).unwrap();
        assert!(matches!(
            HostTensor::<f64, 2>::new(&view),
            Err(Error::DType { .. })
        ));
    }

    #[test]
    #[should_panic(expected = "outside of shape")]
    fn an_index_outside_is_caught() {
        let data = [1f32; 4];
        let view = TensorView::from_slice(&data, [2, 2]).unwrap();
        HostTensor::<f32, 2>::new(&view).unwrap().at([0, 2]);
    }
}
