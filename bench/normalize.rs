//! What `normalize` costs, in nanoseconds a call.
fn main() {}
