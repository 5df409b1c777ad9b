//! Runs every scenario of `rules`, each as a test by its title.

use libtest_mimic::{Arguments, Trial};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let scenarios = match scenarios::read_folder(&folder) {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let trials = scenarios
        .into_iter()
        .map(|scenario| Trial::test(scenario.name.clone(), move || scenario.run().map_err(Into::into)))
        .collect();
    let is_list = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !is_list {
        eprintln!("scenarios: {} ran", conclusion.num_passed + conclusion.num_failed);
    }
    conclusion.exit_code()
}
