//! RetroMAE v2: Duplex Masked Auto-Encoder For Pre-Training Retrieval-Oriented Language Models (Liu, Xiao and others,
//! arXiv 2211.08769).
//!
//! **Claim.** A text encoder that is to find texts should be pretrained to pack a text's meaning into its vectors: that of
//! the special first token, from which a weak decoder must rebuild the text, and those of the ordinary tokens, which together
//! must tell the text's words. A representation of both finds texts better than the first token alone.
//!
//! **Mechanism** (sections 3.1 to 3.3). Three losses on one encoder, summed: *masked words* (30 % hidden, told from their
//! places); *rebuilding*: one attention layer, whose queries are the first token's vector plus a position and whose keys are
//! that vector and the text's words, each position seeing a random half of them and never itself, tells every word; *bag of
//! words*: every ordinary token gives a logit to each word of the vocabulary, the greatest over tokens must be a
//! distribution over the words that the text has. At use, a text is a short dense vector of the first token and the k
//! greatest of those word logits; its score is the sum of both parts.
//!
//! **Made here.** Texts about topics; every concept has two words, so that query and text often differ in them, and names are
//! rare, so that a short vector forgets them. All opponents are pretrained on all texts, trained on the same pairs for as
//! long, and have representations of 32 numbers.
//!
//! **Controls.** The gain of the joint representation may have nothing to do with pretraining: so it is also trained from an
//! encoder that was pretrained on masked words alone. And each of its parts is measured by itself.

mod corpus;
mod encoder;

use anyhow::Result;

use self::corpus::Corpus;
use self::encoder::{Encoder, Losses, Uses};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "dupmae",
    arxiv: "2211.08769",
    title: "RetroMAE v2: Duplex Masked Auto-Encoder For Pre-Training Retrieval-Oriented Language Models",
    family: Family::Retrieval,
    claim: "Pretraining all of an encoder's vectors for retrieval, the first token's by rebuilding the text and the others' \
            by telling its words, and using both together, finds texts better than the first token alone.",
    published: "MS MARCO, MRR@10: .426 against .416 for pretraining the first token alone; without the final training steps \
                .410 with both, .400 with either, .393 before. BEIR, mean nDCG@10 over 18 sets: .475 against .452.",
    baseline: "The first token's vector, as many numbers, pretrained by rebuilding (RetroMAE); the same joint representation \
               without that pretraining; each part alone",
    kept: &[
        "masked words, rebuilding by one decoder layer with its own mask for each position, and the bag of words",
        "the greatest logit of each word over ordinary tokens, cut to the k greatest of a text",
        "equal numbers: 32 of the first token, against 16 of it and 16 words",
    ],
    left_out: &[
        "BERT, Wikipedia and MS MARCO: one layer of 32 numbers over generated texts",
        "distillation from a cross-encoder and mined negatives",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "joint",
            name: "MRR@10 (against the first token alone, pretrained by rebuilding)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "pretrained",
            name: "MRR@10 (against the joint representation, pretrained on masked words alone)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "parts",
            name: "MRR@10 (against the better of its own two parts)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "first",
            name: "MRR@10 (against the first token alone, pretrained on masked words alone)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "at least 2 points better than the first token pretrained by rebuilding",
            metric: "joint",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "pretraining brings at least 1 point of it",
            metric: "pretrained",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "both parts together are at least 1 point better than either",
            metric: "parts",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "at least 2 points better than the first token pretrained on masked words",
            metric: "first",
            expect: Expect::BetterBy(0.02),
        },
    ],
    likely_reason: "Names and few words decide which of some hundred generated texts is meant, so that the words' part finds \
                    almost all that both find; the first token's part pays where texts and queries share meaning but no word.",
    timed: false,
};

/// The duplex masked auto-encoder.
pub(super) struct DupMae;

impl Reproduction for DupMae {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let corpus = Corpus::new(context.pick(80, 500, 2000), &mut context.rng(0));
        let (pretraining, training) = context.pick((10, 8), (220, 120), (3000, 500));
        let pretrained = |losses: Losses| {
            let mut encoder = Encoder::new(&mut context.rng(1));
            encoder.pretrain(&corpus, losses, pretraining, &mut context.rng(2));
            encoder
        };
        let plain = pretrained(Losses::MASKED);
        context.progress(0.25, "rebuilding");
        let retro = pretrained(Losses::REBUILDING);
        context.progress(0.5, "rebuilding and telling words");
        let duplex = pretrained(Losses::DUPLEX);
        context.progress(0.75, "training on pairs");

        let trained = |encoder: &Encoder, uses: Uses| {
            let mut encoder = encoder.clone();
            encoder.train(&corpus, uses, training, &mut context.rng(3));
            encoder
        };
        let first = trained(&plain, Uses::First).mrr(&corpus, Uses::First);
        let rebuilt = trained(&retro, Uses::First).mrr(&corpus, Uses::First);
        let unprepared = trained(&plain, Uses::Both).mrr(&corpus, Uses::Both);
        let joint = trained(&duplex, Uses::Both);
        let [dense, words, both] =
            [Uses::ShortFirst, Uses::Words, Uses::Both].map(|uses| joint.mrr(&corpus, uses));

        let names = [
            "First token, masked words",
            "First token, rebuilding",
            "Both, masked words",
            "Both, duplex",
        ];
        let of = Plot::new(
            "pretraining",
            "Texts found, by pretraining and representation",
            Axis::named("", names),
            Axis::linear("MRR@10"),
        )
        .bars("32 numbers", [first, rebuilt, unprepared, both]);
        let parts = Plot::new(
            "parts",
            "Texts found by each part of the joint representation",
            Axis::named("", ["First token", "Words", "Both"]),
            Axis::linear("MRR@10"),
        )
        .bars("Duplex", [dense, words, both]);
        Ok(Trial::new()
            .measured("joint", rebuilt, both)
            .measured("pretrained", unprepared, both)
            .measured("parts", dense.max(words), both)
            .measured("first", first, both)
            .plot(of)
            .plot(parts))
    }
}
