//! Locks with the interface of `parking_lot`, over those of `shuttle`.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use shuttle::rand::Rng as _;
use shuttle::thread::ThreadId;

/// Waits that end later than this never time out.
const FAR: Duration = Duration::from_secs(60);

/// A lock.
#[derive(Debug, Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

/// A lock that is held.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only inside of a wait.
    held: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// Creates a lock.
    pub const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    /// Takes the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|held| MutexGuard { mutex: self, held: Some(held) })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[allow(clippy::expect_used)]
    fn deref(&self) -> &T {
        self.held.as_ref().expect("the lock is held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[allow(clippy::expect_used)]
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the lock is held")
    }
}

/// A condition variable.
#[derive(Debug, Default)]
pub struct Condvar(shuttle::sync::Condvar);

/// How a wait has ended.
#[derive(Clone, Copy, Debug)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Returns whether the time was over.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Wakes one waiting thread.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiting threads.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }

    /// Waits for a wake-up.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Waits for a wake-up, or until the scheduler lets the time be over.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> WaitTimeoutResult {
        let is_near = until.saturating_duration_since(Instant::now()) < FAR;
        if is_near && shuttle::rand::thread_rng().gen_bool(0.5) {
            guard.held = None;
            shuttle::thread::yield_now();
            guard.held = guard.mutex.lock().held.take();
            return WaitTimeoutResult(true);
        }
        self.wait(guard);
        WaitTimeoutResult(false)
    }
}

/// A lock that a thread may take again while it holds it.
#[derive(Debug)]
pub struct ReentrantMutex<T> {
    /// The owner, and how often it has taken the lock.
    owner: Mutex<Option<(ThreadId, usize)>>,
    free: Condvar,
    value: T,
}

// Only the owner has a reference to the value.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for ReentrantMutex<T> {}

/// Such a lock that is held.
#[derive(Debug)]
pub struct ReentrantMutexGuard<'a, T>(&'a ReentrantMutex<T>);

impl<T> ReentrantMutex<T> {
    /// Creates a lock.
    pub const fn new(value: T) -> Self {
        Self { owner: Mutex::new(None), free: Condvar(shuttle::sync::Condvar::new()), value }
    }

    /// Takes the lock.
    pub fn lock(&self) -> ReentrantMutexGuard<'_, T> {
        let own = shuttle::thread::current().id();
        let mut owner = self.owner.lock();
        loop {
            match &mut *owner {
                Some((thread, times)) if *thread == own => *times += 1,
                Some(_) => {
                    self.free.wait(&mut owner);
                    continue;
                }
                none => *none = Some((own, 1)),
            }
            return ReentrantMutexGuard(self);
        }
    }
}

impl<T> Deref for ReentrantMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Drop for ReentrantMutexGuard<'_, T> {
    fn drop(&mut self) {
        let mut owner = self.0.owner.lock();
        *owner = owner.filter(|(_, times)| *times > 1).map(|(thread, times)| (thread, times - 1));
        if owner.is_none() {
            self.0.free.notify_one();
        }
    }
}
