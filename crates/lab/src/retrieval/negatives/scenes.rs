//! Scenes of two coloured shapes: drawn, told, and altered in one aspect.

use rand::RngExt as _;
use rand_distr::{Distribution, StandardNormal};

use crate::frame::Rng;

const SIDE: usize = 12;
/// Numbers of a picture: three colour channels.
pub(super) const PICTURE: usize = 3 * SIDE * SIDE;
const COLOURS: usize = 6;
const SHAPES: usize = 5;
/// Numbers of a caption: five places, one number for each word that may stand there.
pub(super) const CAPTION: usize = 2 * (COLOURS + SHAPES) + 4;

/// Red, green and blue of each colour.
const RGB: [[f32; 3]; COLOURS] = [
    [1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, 0.0, 1.0],
    [1.0, 1.0, 0.0],
    [0.0, 1.0, 1.0],
    [1.0, 0.0, 1.0],
];

/// Four rows of four pixels each: square, ring, cross, diagonal, bars.
const GLYPHS: [[u8; 4]; SHAPES] = [
    [0b1111, 0b1111, 0b1111, 0b1111],
    [0b1111, 0b1001, 0b1001, 0b1111],
    [0b0110, 0b1111, 0b1111, 0b0110],
    [0b1100, 0b1110, 0b0111, 0b0011],
    [0b1001, 0b1001, 0b1001, 0b1001],
];

/// Where the first thing is, seen from the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Left,
    Right,
    Above,
    Below,
}

const RELATIONS: [Relation; 4] = [
    Relation::Left,
    Relation::Right,
    Relation::Above,
    Relation::Below,
];

/// What can be altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    /// One thing's colour becomes another.
    Colour,
    /// One thing becomes another.
    Shape,
    /// The two change sides.
    Relation,
    /// The two change colours.
    Swap,
}

impl Aspect {
    /// Any aspect in which this scene can be altered.
    pub(super) fn draw(scene: &Scene, rng: &mut Rng) -> Aspect {
        let all = [
            Aspect::Colour,
            Aspect::Shape,
            Aspect::Relation,
            Aspect::Swap,
        ];
        loop {
            let aspect = all[rng.random_range(0..4)];
            if scene.can(aspect) {
                return aspect;
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thing {
    colour: usize,
    shape: usize,
}

/// Two things, and where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scene {
    things: [Thing; 2],
    relation: Relation,
    /// Pixels by which each place is off, across and down, 0 to 2.
    jitter: [[usize; 2]; 2],
}

impl Scene {
    pub(super) fn draw(rng: &mut Rng) -> Scene {
        let mut thing = || Thing {
            colour: rng.random_range(0..COLOURS),
            shape: rng.random_range(0..SHAPES),
        };
        let things = [thing(), thing()];
        let mut off = || [rng.random_range(0..3), rng.random_range(0..3)];
        let jitter = [off(), off()];
        Scene {
            things,
            relation: RELATIONS[rng.random_range(0..4)],
            jitter,
        }
    }

    /// A scene that can be altered in this aspect.
    pub(super) fn draw_for(aspect: Aspect, rng: &mut Rng) -> Scene {
        loop {
            let scene = Scene::draw(rng);
            if scene.can(aspect) {
                return scene;
            }
        }
    }

    /// Whether altering makes another scene: two things of one colour have nothing to swap.
    fn can(&self, aspect: Aspect) -> bool {
        let [a, b] = self.things;
        match aspect {
            Aspect::Colour | Aspect::Shape => true,
            Aspect::Relation => a != b,
            Aspect::Swap => a.colour != b.colour && a.shape != b.shape,
        }
    }

    /// The scene with one aspect altered, everything else as it is.
    pub(super) fn altered(&self, aspect: Aspect, rng: &mut Rng) -> Scene {
        let mut scene = self.clone();
        let which = rng.random_range(0..2);
        let thing = &mut scene.things[which];
        match aspect {
            Aspect::Colour => {
                thing.colour = (thing.colour + rng.random_range(1..COLOURS)) % COLOURS;
            }
            Aspect::Shape => thing.shape = (thing.shape + rng.random_range(1..SHAPES)) % SHAPES,
            Aspect::Relation => {
                scene.relation = match scene.relation {
                    Relation::Left => Relation::Right,
                    Relation::Right => Relation::Left,
                    Relation::Above => Relation::Below,
                    Relation::Below => Relation::Above,
                }
            }
            Aspect::Swap => {
                let [a, b] = &mut scene.things;
                std::mem::swap(&mut a.colour, &mut b.colour);
            }
        }
        scene
    }

    /// The scene drawn over noise.
    pub(super) fn picture(&self, noise: &[f32; PICTURE]) -> [f32; PICTURE] {
        let mut pixels = *noise;
        let places = match self.relation {
            Relation::Left => [[0, 3], [6, 3]],
            Relation::Right => [[6, 3], [0, 3]],
            Relation::Above => [[3, 0], [3, 6]],
            Relation::Below => [[3, 6], [3, 0]],
        };
        for (thing, place) in self.things.iter().zip(places) {
            // Jitter belongs to the place, so that it stays when the things change sides.
            let [dx, dy] = self.jitter[usize::from(place[0] + place[1] > 5)];
            for (y, row) in GLYPHS[thing.shape].iter().enumerate() {
                for x in (0..4).filter(|x| row >> x & 1 == 1) {
                    let at = (place[1] + dy + y) * SIDE + place[0] + dx + x;
                    for (channel, value) in RGB[thing.colour].iter().enumerate() {
                        pixels[3 * at + channel] += value;
                    }
                }
            }
        }
        pixels
    }

    /// "red square left of blue cross", one number a word of each place.
    pub(super) fn caption(&self) -> [f32; CAPTION] {
        let mut words = [0.0; CAPTION];
        let [a, b] = self.things;
        let mut from = 0;
        for (word, choices) in [
            (a.colour, COLOURS),
            (a.shape, SHAPES),
            (self.relation as usize, 4),
            (b.colour, COLOURS),
            (b.shape, SHAPES),
        ] {
            words[from + word] = 1.0;
            from += choices;
        }
        words
    }
}

/// Noise of a picture.
pub(super) fn noise(rng: &mut Rng) -> [f32; PICTURE] {
    std::array::from_fn(|_| {
        let draw: f32 = StandardNormal.sample(rng);
        0.2 * draw
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn altered_captions_differ_in_their_aspect_only() {
        let rng = &mut Rng::seed_from_u64(1);
        for (aspect, words) in [
            (Aspect::Colour, 1),
            (Aspect::Shape, 1),
            (Aspect::Relation, 1),
            (Aspect::Swap, 2),
        ] {
            for _ in 0..50 {
                let scene = Scene::draw_for(aspect, rng);
                let altered = scene.altered(aspect, rng);
                let (a, b) = (scene.caption(), altered.caption());
                let changed = a.iter().zip(b).filter(|(a, b)| **a != *b).count();
                assert_eq!(changed, 2 * words, "{aspect:?}");
                assert_eq!(a.iter().sum::<f32>(), 5.0);
            }
        }
    }

    #[test]
    fn altered_pictures_share_what_was_not_altered() {
        let rng = &mut Rng::seed_from_u64(2);
        let noise = noise(rng);
        for _ in 0..50 {
            let scene = Scene::draw(rng);
            let altered = scene.altered(Aspect::Shape, rng);
            let (a, b) = (scene.picture(&noise), altered.picture(&noise));
            let changed = a.iter().zip(b).filter(|(a, b)| **a != *b).count();
            assert!(0 < changed && changed <= 3 * 16, "{changed}");
        }
    }

    #[test]
    fn swapped_sides_look_like_swapped_things() {
        // "red square left of blue cross" and "blue cross right of red square" are one picture.
        let rng = &mut Rng::seed_from_u64(3);
        let (noise, scene) = (noise(rng), Scene::draw(rng));
        let mut turned = scene.altered(Aspect::Relation, rng);
        turned.things.swap(0, 1);
        assert_eq!(scene.picture(&noise), turned.picture(&noise));
    }
}
