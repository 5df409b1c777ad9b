//! The targets, one file for each way in.

mod decimals;
mod feed_frames;
mod feed_server;
mod feed_sockets;
mod journal_files;
mod order_bodies;
mod server;
mod settings;
mod stream_messages;
mod tape_rows;
mod tokens;

use crate::Target;

/// All of them.
pub const ALL: &[Target] = &[
    feed_frames::FRAMES,
    feed_frames::TICKS,
    feed_server::TARGET,
    feed_sockets::TARGET,
    tape_rows::TARGET,
    decimals::TARGET,
    order_bodies::TARGET,
    stream_messages::TARGET,
    tokens::TARGET,
    server::REQUESTS,
    server::SOCKETS,
    journal_files::TARGET,
    settings::TARGET,
];
