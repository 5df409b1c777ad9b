//! An orderly end finishes what waits, however much the last ticks cause.

mod common;

use common::{TextEncoder, config, limit, open, order, quote};
use feeds::TickSink as _;
use model::limits::EVENTS_PER_BATCH_MAX;
use model::{
    Command, CommandReply, InstrumentId, Origin, Request, Side, SubmittedBy, Tick, TickBody, Time, UserId,
};
use persistence::SimulatedStorage;
use runtime::stepping::{HandClock, SteppedSystem};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn request(command: Command) -> Request<Command> {
    Request { by: SubmittedBy { user: UserId::new(1), origin: Origin::Manual }, command }
}

fn tick(instrument: InstrumentId, at: u32, body: TickBody) -> Tick {
    Tick { instrument, time: Time::from_millis(i64::from(at)), body }
}

/// Steps until an answer is there.
fn finish<T>(system: &mut SteppedSystem, answer: impl Future<Output = T>) -> T {
    let mut answer = Box::pin(answer);
    loop {
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => {
                system.step_shard(0, 1, 64);
                system.step_journal(usize::MAX);
                system.step_projection();
                system.step_views(usize::MAX);
            }
        }
    }
}

#[test]
fn ticks_behind_one_that_fills_a_whole_batch_are_evaluated_before_the_end() {
    const LATER_TICKS: u32 = 5;
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _timers = tokio.enter();
    let storage = SimulatedStorage::new();
    let settings = config(Path::new("/data"), 1, Arc::new(storage));
    let clock = HandClock::new(Time::from_millis(0));
    let mut system =
        SteppedSystem::start(&settings, runtime::Capacities::default(), &clock, Arc::new(TextEncoder))
            .expect("the system starts");
    let handle = system.handle();
    let instrument =
        finish(&mut system, handle.define_instrument(common::spec("AAPL"))).expect("an instrument").id;
    finish(&mut system, handle.request(request(open(1)))).expect("a portfolio");
    let orders = u32::try_from(EVENTS_PER_BATCH_MAX).expect("a small number") + 1;
    let submitted = handle.clone();
    let all = async move {
        for name in 1..=orders {
            let command = order(1, name, "AAPL", (Side::Buy, limit(5), 1));
            let reply = submitted.request(request(command)).await.expect("an answer");
            assert!(matches!(reply, CommandReply::Accepted(_)), "{reply:?}");
        }
    };
    finish(&mut system, all);
    system.feed().push(tick(instrument, 0, quote(4, 5, i64::from(orders))));
    for at in 1..=LATER_TICKS {
        system.feed().push(tick(instrument, at, quote(6, 7, 1)));
    }

    system.finish();

    assert_eq!(system.shard(0).open_order_count(), 0);
    assert_eq!(handle.status().shards[0].ticks_evaluated, u64::from(LATER_TICKS) + 1);
}
