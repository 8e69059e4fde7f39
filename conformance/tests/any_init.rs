//! Holds the init under test to every case that any init can take.

macro_rules! tests {
    ($($group:ident { $($name:ident,)* })*) => {
        $(mod $group {
            $(#[test]
            fn $name() {
                conformance::case::test_case(stringify!($group), stringify!($name));
            })*
        })*
    };
}

conformance::with_every_case!(tests);
