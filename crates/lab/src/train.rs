//! The trainers of the models that ship, one folder a model.

pub(crate) mod encoder;
pub(crate) mod interest;
mod random;
