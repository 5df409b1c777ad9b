//! Every target's short run: the corpus and a few seconds of changes to it, the same each time.

use fuzzing::{short_run, target};

fn check(name: &str) {
    let report = short_run::run(target(name).expect("a target of this name"));
    eprintln!("{name}: {report:?}");
    assert!(report.kinds > 1, "{name}: the inputs all come to one end, so they are turned away at the door");
}

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_target_has_its_test() {
            let tested = [$(stringify!($name)),*];
            let listed: Vec<&str> = fuzzing::targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(tested.to_vec(), listed);
        }
    };
}

targets!(
    feed_frames,
    feed_ticks,
    feed_server,
    feed_sockets,
    tape_rows,
    decimals,
    order_bodies,
    stream_messages,
    tokens,
    requests,
    stream_sockets,
    journal_files,
    settings,
);
