//! Not faster than so many writes a second, so that a backfill leaves room for what arrives meanwhile.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Gives each write its turn: turns are as far apart as the rate says, whoever asks for them.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many writes a second, at most.
    pub fn of(writes_per_second: NonZeroU32) -> Self {
        Self { gap: Duration::from_secs(1) / writes_per_second.get(), next: Mutex::new(None) }
    }

    /// Waits for the next turn. What was not used is not saved up.
    pub(super) async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(turn + self.gap);
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn writes_are_no_more_than_the_rate_and_pauses_are_not_made_up_for() {
        let pace = Pace::of(NonZeroU32::new(100).unwrap());
        let turns = async |count: usize| {
            let began = Instant::now();
            stream::iter(0..count).for_each_concurrent(None, |_| pace.turn()).await;
            began.elapsed()
        };
        // the first is free, each of the others a hundredth of a second
        assert_eq!(turns(201).await.as_millis(), 2_000);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(turns(101).await.as_millis(), 1_000);
    }
}
