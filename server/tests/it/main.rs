//! Owns the tests of store and API: a real server on a free port, on SQLite and on PostgreSQL.
//! Refuses mocks; what a test sees is what an operator's curl would see.

#![expect(clippy::unwrap_used, reason = "whatever fails here fails the test")]

mod audit;
mod harness;
mod hostile;
mod ledger;

mod background;
mod backup;
mod browse;
mod bundle;
mod data;
mod decisions;
mod doctor;
mod drafts;
mod erasure;
mod exports;
mod failures;
mod forks;
mod known_edges;
mod me;
mod metrics;
mod migrations;
mod months;
mod notices;
mod openapi;
mod packaging;
mod pages;
mod people;
mod process;
mod publish;
mod receipt_pages;
mod services;
mod shards;
mod sharing;
mod sites;
mod statistics;
mod strangers;
mod tags;
mod upgrades;
mod verify;
mod views;
