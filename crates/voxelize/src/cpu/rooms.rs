//! What does a thread work in?

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Memory for as many threads as are at work: each finds it as the one before has left it.
pub(crate) struct Rooms<R>(Mutex<Vec<R>>);

impl<R> Rooms<R> {
    pub fn new() -> Rooms<R> {
        Rooms(Mutex::new(Vec::new()))
    }

    /// Lends a room for some work, a new one if all others are lent.
    pub fn lend(&self, new: impl FnOnce() -> R, work: impl FnOnce(&mut R)) {
        let free = self.free().pop();
        let mut room = free.unwrap_or_else(new);
        work(&mut room);
        self.free().push(room);
    }

    /// All of them, once nobody works any more.
    pub fn all(self) -> Vec<R> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self) -> MutexGuard<'_, Vec<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
