//! Randomness of the simulated market: xoshiro256++ seeded by splitmix64.
//!
//! Own code, so that a tape never changes with a dependency. Both generators are by Sebastiano
//! Vigna and David Blackman, in the public domain. Never used for secrets.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut state = [0; 4];
        let mut position = seed;
        for word in &mut state {
            position = position.wrapping_add(0x9E37_79B9_7F4A_7C15);
            *word = mix(position);
        }
        Self { state }
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        let [first, second, third, fourth] = self.state;
        let result = first.wrapping_add(fourth).rotate_left(23).wrapping_add(first);
        let mut next = [first, second, third ^ first, fourth ^ second];
        next[1] ^= next[2];
        next[0] ^= next[3];
        next[2] ^= second << 17;
        next[3] = next[3].rotate_left(45);
        self.state = next;
        result
    }

    /// Even in `(0, 1]`.
    pub(super) fn unit(&mut self) -> f64 {
        unit_of(self.bits())
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Exponential with mean one.
    pub(super) fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    /// Heavy-tailed, at least one: Pareto with exponent 1.5, cut at `most`.
    pub(super) fn heavy(&mut self, most: f64) -> f64 {
        self.unit().powf(-1.0 / 1.5).min(most)
    }
}

/// Spreads every bit of a number over all of them: the finisher of splitmix64.
pub(super) const fn mix(position: u64) -> u64 {
    let mut word = position;
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A number that stands for a text, the same on every machine: FNV-1a.
pub(super) fn hash_of(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// Nearly standard normal from 64 bits: the sum of four 16-bit numbers. Its tails end at 3.5.
pub(super) fn normal_of(bits: u64) -> f64 {
    let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
    let parts = [[a, b], [c, d], [e, f], [g, h]];
    let sum: f64 = parts.map(|part| f64::from(u16::from_le_bytes(part))).iter().sum();
    // Each part has mean 32767.5 and variance (65536^2 - 1) / 12.
    (sum - 131_070.0) / (2.0 * 18_918.613_8)
}

/// Even in `(0, 1]` from 64 bits.
pub(super) fn unit_of(bits: u64) -> f64 {
    let top = u32::try_from(bits >> 32).expect("half of 64 bits");
    (f64::from(top) + 1.0) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_numbers() {
        // The first outputs for seed 1234567, as listed with the reference code of splitmix64.
        let first = 1_234_567u64.wrapping_add(0x9E37_79B9_7F4A_7C15);
        assert_eq!(mix(first), 6_457_827_717_110_365_317);
        assert_eq!(mix(first.wrapping_add(0x9E37_79B9_7F4A_7C15)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let mut random = Random::new(7);
        for draw in
            [&mut Random::normal as &mut dyn FnMut(&mut Random) -> f64, &mut |random| normal_of(random.bits())]
        {
            let draws: Vec<f64> = (0..100_000).map(|_| draw(&mut random)).collect();
            let mean = draws.iter().sum::<f64>() / 100_000.0;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 100_000.0;
            assert!(mean.abs() < 0.02, "mean {mean}");
            assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
        }
    }
}
