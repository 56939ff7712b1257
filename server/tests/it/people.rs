//! Owns operators from their link to their last session: who comes in, how, what they may, and what stops them.

mod accounts;
mod cross_site;
mod keys;
mod managing;
mod permissions;
mod signing_in;
