//! Where case records come from.

pub(super) mod torch;
