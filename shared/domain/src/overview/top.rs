//! The first of many, in bounded memory.

/// The first `limit` of what was added, in an order; how many there were in all is counted.
#[derive(Clone, Debug)]
pub struct Top<T> {
    kept: Vec<T>,
    limit: usize,
    total: u64,
    before: fn(&T, &T) -> std::cmp::Ordering,
}

impl<T> Top<T> {
    /// So many at most, those first that `before` puts first.
    pub fn new(limit: usize, before: fn(&T, &T) -> std::cmp::Ordering) -> Self {
        Self { kept: Vec::new(), limit, total: 0, before }
    }

    /// Adds one.
    pub fn add(&mut self, one: T) {
        self.total += 1;
        self.kept.push(one);
        if self.kept.len() >= 2 * self.limit.max(1) {
            self.cut();
        }
    }

    /// Puts what is kept into its order; what comes later is added behind.
    pub fn cut(&mut self) {
        self.kept.sort_by(self.before);
        self.kept.truncate(self.limit);
    }

    /// What is kept; in order after [`Self::cut`].
    pub fn kept(&self) -> &[T] {
        &self.kept
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many there were that are not kept.
    pub fn left_out(&self) -> u64 {
        self.total.saturating_sub(self.kept.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_whatever_the_order_and_all_are_counted() {
        let mut top = Top::new(3, u32::cmp);
        [5, 9, 1, 7, 3, 8, 2, 6, 4].into_iter().for_each(|one| top.add(one));
        top.cut();
        assert_eq!((top.kept(), top.total(), top.left_out()), (&[1, 2, 3][..], 9, 6));
    }
}
