//! Owns operators from their link to their last session: who comes in, how, and what stops them.

mod signing_in;
