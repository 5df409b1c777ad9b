//! The long run: libFuzzer drives the target that `PAPERTAPE_FUZZ_TARGET` names.
//!
//! Owns nothing but the way in. Panics that the product itself catches (a damaged database) do not
//! end the run; one that leaves a target does.
#![no_main]

use fuzzing::Target;
use std::sync::OnceLock;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn chosen() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("PAPERTAPE_FUZZ_TARGET").unwrap_or_default();
        fuzzing::target(&name).expect("PAPERTAPE_FUZZ_TARGET names a target")
    })
}

libfuzzer_sys::fuzz_target!(
    init: {
        // The hook of libFuzzer's crate ends the process at any panic, also at one that is caught.
        let _ = std::panic::take_hook();
        let _ = chosen();
    },
    |input: &[u8]| {
        let _ = (chosen().run)(input);
    }
);
