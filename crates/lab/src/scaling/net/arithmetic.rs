//! Sums in an order of their own, and an exponential that no system library decides.

/// `to += factor * of`.
pub(super) fn add_scaled(to: &mut [f32], factor: f32, of: &[f32]) {
    for (to, of) in to.iter_mut().zip(of) {
        *to += factor * of;
    }
}

/// The sum of products, in eight lanes that are added last: one lane could not use the processor's vectors.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (a, b) in a.zip(b) {
        for at in 0..8 {
            lanes[at] += a[at] * b[at];
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest
}

/// e^x to seven digits: x is split into n ln 2 and a rest below half of it, whose exponential is a short series.
pub(in crate::scaling) fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few bits, so that n times it is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    series * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

/// Turns outputs into shares that add up to 1.
pub(in crate::scaling) fn softmax(values: &mut [f32]) {
    let top = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = exp(*value - top);
        sum += *value;
    }
    for value in values.iter_mut() {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_seven_digits() {
        for step in -8600..8700 {
            let x = step as f32 / 100.0;
            let error = f64::from(exp(x)) / f64::from(x).exp() - 1.0;
            assert!(error.abs() < 3e-7, "{x}: {error}");
        }
    }

    #[test]
    fn dot_adds_every_place() {
        let a: Vec<f32> = (0..19).map(|i| i as f32).collect();
        // 0 + 1 + 4 + ... + 18^2 = 18 * 19 * 37 / 6.
        assert_eq!(dot(&a, &a), 2109.0);
    }

    #[test]
    fn shares_of_equal_outputs_are_equal() {
        let mut values = [200.0, 200.0];
        softmax(&mut values);
        assert_eq!(values, [0.5, 0.5]);
    }
}
