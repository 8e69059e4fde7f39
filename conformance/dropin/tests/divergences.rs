//! Checks that every divergence of the list is held by a case, and says why it is wanted.

use std::fs;
use std::path::Path;

use conformance_dropin::divergence;

#[test]
fn each_has_a_case_and_a_reason() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let texts: Vec<String> = fs::read_dir(dir)
        .expect("tests")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a test"))
        .collect();
    for divergence in divergence::ALL {
        let used = format!("divergence::{}", divergence.name);
        assert!(
            texts.iter().any(|text| text.contains(&used)),
            "no case for {}",
            divergence.name
        );
        assert!(
            divergence.why.len() > 60,
            "{} gives no reason",
            divergence.name
        );
    }
}
