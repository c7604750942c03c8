//! A first index, step by step: `cargo run --release -p ann --example first_index`.
//!
//! We make vectors, keep them in an index, ask it, change it, and look at what an answer costs.

use std::error::Error;

use ann::budget::Budget;
use ann::index::{Filter, Index, IndexConfig};
use ann::random::Random;
use roaring::RoaringBitmap;

const DIM: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    // An index lives in a folder. Its configuration must know the dimension; the rest has defaults. Vectors are
    // compared by cosine unless the configuration says otherwise.
    let folder = std::env::temp_dir().join("ann-first-index");
    let _ = std::fs::remove_dir_all(&folder);
    let index = Index::open(&folder, IndexConfig::new(DIM))?;

    // A row is a number of ours; its vector is found again under that number. Thirty thousand of them, in a
    // few batches. Adding is quick: young vectors are kept as they are and scanned exactly.
    let mut random = Random::new(1);
    let mut vector = || -> Vec<f32> {
        (0..DIM)
            .map(|d| random.normal() / (1.0 + d as f32).sqrt())
            .collect()
    };
    for batch in 0..3u32 {
        let rows: Vec<u32> = (batch * 10_000..(batch + 1) * 10_000).collect();
        let vectors: Vec<f32> = rows.iter().flat_map(|_| vector()).collect();
        index.add(&rows, &vectors)?;
    }
    let query = vector();
    let snapshot = index.snapshot();
    let answer = snapshot.search(&query, 3, Budget::Usual, Filter::ALL)?;
    println!(
        "young:    {:?}, {} multiply-adds",
        answer.path, answer.spent.multiply_adds
    );

    // Merging seals them: cells, four-bit codes, eight-bit codes. A service does this in the background, with
    // `merge_in_background`; readers go on with the snapshot that they have. Committing makes it durable.
    index.merge()?;
    index.commit()?;
    let snapshot = index.snapshot();
    let sealed = snapshot
        .sealed()
        .ok_or("thirty thousand rows are enough to seal")?;
    println!(
        "sealed:   {} cells, {:.0} bytes a vector",
        sealed.cells(),
        sealed.bytes_per_vector()
    );

    // Searching the sealed part has a price and a recall. The ladder was measured while sealing...
    for rung in sealed.ladder().iter().step_by(4) {
        println!(
            "          {:?} reached a recall of {:.3}",
            rung.effort, rung.recall
        );
    }
    // ...and each request says what it wants to pay, or what it wants to reach.
    for budget in [
        Budget::MultiplyAdds(150_000),
        Budget::Recall(0.9),
        Budget::Usual,
    ] {
        let answer = snapshot.search(&query, 3, budget, Filter::ALL)?;
        let rows: Vec<u32> = answer.hits.iter().map(|hit| hit.row).collect();
        println!(
            "{budget:?}: {rows:?}, {} multiply-adds",
            answer.spent.multiply_adds
        );
    }

    // Filters are sets of rows. When few rows are allowed, exactly those are scored.
    let few: RoaringBitmap = (0..30_000).step_by(100).collect();
    let filter = Filter {
        allow: Some(&few),
        deny: None,
    };
    let answer = snapshot.search(&query, 3, Budget::Usual, filter)?;
    println!(
        "filtered: {:?}, {} vectors scored",
        answer.path, answer.spent.refined
    );

    // Changing is adding under the same row, or deleting. The old snapshot still shows the old state.
    let best = answer.hits[0].row;
    index.delete(&RoaringBitmap::from_iter([best]));
    let now = index.snapshot();
    println!(
        "deleted:  {} rows then, {} rows now",
        snapshot.len(),
        now.len()
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
