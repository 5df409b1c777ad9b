//! Averages as the scripts of others reckon them.

/// The mean of the last values.
#[derive(Clone, Debug)]
pub struct MovingAverage {
    period: usize,
    values: Vec<f64>,
}

impl MovingAverage {
    /// Of so many values.
    #[must_use]
    pub const fn new(period: usize) -> Self {
        Self { period, values: Vec::new() }
    }

    /// Takes the next value. The mean of the last ones, once there are enough.
    pub fn take(&mut self, value: f64) -> Option<f64> {
        self.values.push(value);
        let first = self.values.len().checked_sub(self.period)?;
        let last = &self.values[first..];
        let period = u32::try_from(self.period).expect("a short period");
        Some(last.iter().sum::<f64>() / f64::from(period))
    }
}

/// An exponential average that begins with the mean of its first values, as LEAN's does.
#[derive(Clone, Debug)]
pub struct ExponentialAverage {
    weight: f64,
    begin: MovingAverage,
    value: Option<f64>,
}

impl ExponentialAverage {
    /// Of so many values, the newest weighed with `2 / (period + 1)`.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let weight = 2.0 / (f64::from(u32::try_from(period).expect("a short period")) + 1.0);
        Self { weight, begin: MovingAverage::new(period), value: None }
    }

    /// Takes the next value. The average, once there are enough.
    pub fn take(&mut self, value: f64) -> Option<f64> {
        self.value = match self.value {
            None => self.begin.take(value),
            Some(average) => Some(value * self.weight + average * (1.0 - self.weight)),
        };
        self.value
    }
}
