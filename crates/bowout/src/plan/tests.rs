//! Shows the whole answer for plans as people write them, letter by letter.

use super::*;
use bowout_core::Plan;
use bowout_core::plan::budget::Budget;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

const CHAIN: &str = r#"
grace = "10s"
[service.web]
command = "./web"
stop_timeout = "10s"
depends_on = ["app"]
[service.app]
command = "./app"
stop_timeout = "1s"
depends_on = ["db"]
[service.db]
command = "./db"
stop_timeout = "1s"
"#;

/// Everything that a stop can have: hooks of the container and of services, a drain, a diamond.
const FULL: &str = r#"
grace = "30s"
drain = "5s"
pre_stop = [{ command = "./leave", timeout = "1s" }]
post_stop = [{ command = "./upload", timeout = "2s" }]
[service.proxy]
command = "./proxy"
stop_timeout = "4s"
depends_on = ["api", "pages"]
[service.api]
command = "./api"
stop_timeout = "6s"
depends_on = ["db"]
pre_stop = [{ command = "./quiesce", timeout = "500ms" }]
[service.pages]
command = "./pages"
stop_timeout = "2s"
depends_on = ["db"]
[service.db]
command = "./db"
stop_timeout = "5s"
post_stop = [{ command = "./fsync", timeout = "1s" }]
[service.cron]
command = "./cron"
stop_timeout = "3s"
"#;

fn plan(text: &str) -> Plan {
    let settings = file::read_text(Path::new("bowout.toml"), text, &|_| None);
    let settings = settings.unwrap_or_else(|problems| panic!("{problems}"));
    assemble::plan_of(&settings, Place::CONTAINER).unwrap()
}

fn drawn(text: &str, style: Style) -> String {
    let plan = plan(text);
    let schedule = Schedule::of(&plan);
    let advice = (!schedule.fits()).then(|| Advice::on(&plan, &schedule));
    chart::text(&schedule, advice.as_ref(), style)
}

fn json(text: &str) -> serde_json::Value {
    let plan = plan(text);
    let schedule = Schedule::of(&plan);
    let advice = (!schedule.fits()).then(|| Advice::on(&plan, &schedule));
    serde_json::from_str(&json::object(&schedule, advice.as_ref())).unwrap()
}

fn parts<'a>(object: &'a serde_json::Value, list: &str) -> &'a Vec<serde_json::Value> {
    object[list].as_array().unwrap()
}

#[test]
fn a_chain_that_is_too_long_is_named_with_what_would_do() {
    let expected = "\
grace period 10 s, less 500 ms margin: 9.5 s for the longest stop

         0s                      5s                      10s
* web    ################################################|             0-10s
* app                                                    xxxxx         10-11s
* db                                                     |    xxxxx    11-12s
* sweep                                                  |         xx  12-12.25s
                                           SIGKILL at 10s
* longest chain  # stop  = hook  - drain  + sweep  . margin  x too late

does not fit: web 10 s -> app 1 s -> db 1 s -> sweep 250 ms = 12.25 s of 9.5 s
  fits with stop_timeout = \"7.25s\" of web
  fits with a grace period of 13 s, for bowout (grace = \"13s\") and the platform:
    docker stop --timeout 13, stop_grace_period: 13s in Compose,
    terminationGracePeriodSeconds: 13 in Kubernetes
as it is, bowout will cut every part to 77 %
";
    assert_eq!(drawn(CHAIN, Style::PLAIN), expected);
}

#[test]
fn everything_that_a_stop_can_have_is_drawn() {
    let style = Style {
        width: 90,
        unicode: true,
        colours: false,
    };
    let expected = "\
grace period 30 s, less 500 ms margin: 29.5 s for the longest stop

             0s        5s         10s        15s       20s        25s        30s
▶ pre-stop   ▓▓                                                                0-1s
▶ drain        ░░░░░░░░░░                                                      1-6s
▶ proxy                  █████████                                             6-10s
  cron                   ███████                                               6-9s
▶ api                             ▓█████████████                               10-16.5s
  pages                           ████                                         10-12s
▶ db                                            ██████████▓▓▓                  16.5-22.5s
▶ post-stop                                                  ▓▓▓▓              22.5-24.5s
▶ sweep                                                          ▒             24.5-24.75s
  margin                                                                   ··  29.5-30s
                                                               SIGKILL at 30s
▶ longest chain  █ stop  ▓ hook  ░ drain  ▒ sweep  · margin

fits: pre-stop 1 s → drain 5 s → proxy 4 s → api: pre_stop 500 ms → api 6 s → db 5 s
  → db: post_stop 1 s → post-stop 2 s → sweep 250 ms = 24.75 s of 29.5 s
";
    assert_eq!(drawn(FULL, style), expected);
    // Colours change nothing else.
    let coloured = drawn(
        FULL,
        Style {
            colours: true,
            ..style
        },
    );
    let mut plain = String::new();
    for (index, piece) in coloured.split('\x1b').enumerate() {
        plain.push_str(match index {
            0 => piece,
            _ => piece.split_once('m').unwrap().1,
        });
    }
    assert_eq!(plain, expected);
    assert!(coloured.contains("\x1b[33m█"), "{coloured}");
}

#[test]
fn the_chart_is_as_wide_as_the_terminal() {
    for width in [60, 80, 137, 200] {
        for text in [CHAIN, FULL] {
            let style = Style {
                width,
                unicode: true,
                colours: false,
            };
            let all = drawn(text, style);
            let chart = all.split("\n\n").nth(1).unwrap();
            let rows: Vec<&str> = chart.lines().collect();
            let widths = rows[..rows.len() - 1].iter().map(|row| row.chars().count());
            let widest = widths.max().unwrap();
            assert!(widest <= width && widest + 5 > width, "{width}: {chart}");
            let all = all.lines().filter(|line| !line.contains("docker stop"));
            let long: Vec<&str> = all.filter(|line| line.chars().count() > width).collect();
            assert!(
                long.iter().all(|line| line.contains("grace p")),
                "{width}: {long:?}"
            );
        }
    }
}

#[test]
fn the_schedule_is_what_the_budget_adds_up_to() {
    for text in [CHAIN, FULL] {
        let plan = plan(text);
        let schedule = Schedule::of(&plan);
        let chain = schedule.chain();
        let mut at = Duration::ZERO;
        for part in &chain {
            assert_eq!(part.from, at, "{part:?}");
            at = part.to;
        }
        assert_eq!(at, schedule.wanted);
        // What bowout itself will do.
        let budget = Budget::of(&plan);
        assert_eq!(
            (schedule.wanted, schedule.budget),
            (budget.wanted, budget.total)
        );
        let given: Duration = chain.iter().map(|part| part.given).sum();
        let expected = budget.wanted.min(budget.total);
        assert!(
            given.abs_diff(expected) < Duration::from_micros(1),
            "{given:?}"
        );
    }
}

#[test]
fn programs_get_one_object() {
    let object = json(FULL);
    assert_eq!(object["version"], 1);
    assert_eq!(object["fits"], true);
    assert_eq!(object["grace_ms"], 30_000.0);
    assert_eq!(object["budget_ms"], 29_500.0);
    assert_eq!(object["wanted_ms"], 24_750.0);
    assert_eq!(object["advice"], serde_json::Value::Null);
    let db: Vec<&serde_json::Value> = parts(&object, "parts")
        .iter()
        .filter(|part| part["service"] == "db")
        .collect();
    let expected = serde_json::json!([
        {"kind": "stop", "service": "db", "name": "db", "from_ms": 16_500.0, "to_ms": 21_500.0,
         "given_ms": 5_000.0, "critical": true},
        {"kind": "hook", "service": "db", "name": "db: post_stop", "from_ms": 21_500.0,
         "to_ms": 22_500.0, "given_ms": 1_000.0, "critical": true},
    ]);
    assert_eq!(serde_json::json!(db), expected);
    let object = json(CHAIN);
    let chain: Vec<&str> = parts(&object, "chain")
        .iter()
        .map(|link| link["name"].as_str().unwrap())
        .collect();
    assert_eq!(chain, ["web", "app", "db", "sweep"]);
    assert_eq!(object["advice"]["grace_ms"], 13_000.0);
    let change = serde_json::json!({
        "service": "web", "key": "stop_timeout", "hook": null, "value_ms": 7_250.0
    });
    assert_eq!(object["advice"]["changes"], serde_json::json!([change]));
    assert_eq!(parts(&object, "parts")[0]["given_ms"], 7_755.102);
}

#[test]
fn what_is_advised_fits_and_a_little_more_does_not() {
    let plan = plan(&FULL.replace("grace = \"30s\"", "grace = \"22s\""));
    let schedule = Schedule::of(&plan);
    let advice = Advice::on(&plan, &schedule);
    let with_grace = |seconds| {
        let changed = schedule::change(&plan, |draft| {
            draft.stop.grace = Some(Duration::from_secs(seconds));
        });
        Schedule::of(&changed).fits()
    };
    assert_eq!(advice.grace, Some(Duration::from_secs(26)));
    assert!(with_grace(26) && !with_grace(25));
    let keys: Vec<(Option<&str>, &str)> = advice
        .changes
        .iter()
        .map(|change| (change.whose.as_deref(), change.key))
        .collect();
    assert_eq!(
        keys,
        [
            (Some("api"), "stop_timeout"),
            (None, "drain"),
            (Some("db"), "stop_timeout")
        ]
    );
    let drain = advice.changes[1].value;
    let with_drain =
        |drain| Schedule::of(&schedule::change(&plan, |draft| draft.stop.drain = drain));
    assert!(with_drain(drain).fits());
    assert!(!with_drain(drain + Duration::from_millis(1)).fits());
}

#[test]
fn another_chain_that_is_as_long_makes_a_single_change_useless() {
    let both = CHAIN
        .replace("stop_timeout = \"1s\"", "stop_timeout = \"10s\"")
        .replace("depends_on = [\"app\"]", "")
        .replace("depends_on = [\"db\"]", "");
    let text = drawn(&both, Style::PLAIN);
    assert!(
        text.contains("no single time-out is enough: 750 ms have to go"),
        "{text}"
    );
    assert!(text.contains("fits with a grace period of 11 s"), "{text}");
}

#[test]
fn four_hooks_without_a_limit_fit_nowhere() {
    let text = r#"
pre_stop = ["./a", "./b", "./c", "./d"]
[service.web]
command = "./web"
"#;
    let text = drawn(text, Style::PLAIN);
    assert!(
        text.contains("no grace period is enough: a hook without a timeout"),
        "{text}"
    );
}

#[test]
fn a_service_for_which_nothing_is_left_does_not_fit() {
    let text = r#"
grace = "10s"
[service.web]
command = "./web"
depends_on = ["db"]
[service.db]
command = "./db"
stop_timeout = "9.25s"
"#;
    let drawn_text = drawn(text, Style::PLAIN);
    assert!(
        drawn_text.contains("does not fit: web 1 s -> db 9.25 s -> sweep 250 ms = 10.5 s of 9.5 s"),
        "{drawn_text}"
    );
    assert!(
        drawn_text.contains("a grace period of 11 s") && drawn_text.contains("cut every"),
        "{drawn_text}"
    );
    assert_eq!(json(text)["starved"], serde_json::json!([]));

    // Where hooks and drain leave nothing there is nothing to be cut.
    let text = r#"
grace = "10s"
drain = "9.2s"
[service.web]
command = "./web"
"#;
    assert_eq!(json(text)["starved"], serde_json::json!(["web"]));
    let text = drawn(text, Style::PLAIN);
    assert!(
        text.contains("nothing is left for web, which has no stop_timeout"),
        "{text}"
    );
}

#[test]
fn the_picture_stands_alone() {
    for text in [CHAIN, FULL] {
        let schedule = Schedule::of(&plan(text));
        let picture = svg::picture(&schedule);
        assert!(picture.starts_with("<svg xmlns=") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("prefers-color-scheme:dark"));
        // Nothing is loaded from anywhere.
        assert_eq!(picture.matches("http").count(), 1, "the name space");
        let bars = picture.matches("rx=\"3\"><title>").count();
        let parts = schedule.rows.iter().flat_map(|row| &row.parts);
        assert_eq!(bars, parts.filter(|part| !part.length().is_zero()).count());
        for tag in ["text", "title", "svg", "style"] {
            let opened = picture.matches(&format!("<{tag}")).count();
            assert_eq!(
                opened,
                picture.matches(&format!("</{tag}>")).count(),
                "{tag}"
            );
        }
    }
}

#[test]
fn the_exit_code_is_the_answer() {
    let folder = std::env::temp_dir().join(format!("bowout-plan-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("chain.toml"), CHAIN).unwrap();
    std::fs::write(path("bad.toml"), "grace = 7x").unwrap();
    std::fs::write(path("Procfile"), "web: ./web\n").unwrap();
    let code = |words: &[&str]| {
        let line = ["bowout", "plan"].iter().chain(words);
        crate::bowout(line.map(OsString::from).collect())
    };
    let chain = path("chain.toml");
    assert_eq!(code(&["--config", &chain]), TOO_LONG);
    assert_eq!(code(&["--config", &chain, "--json"]), TOO_LONG);
    assert_eq!(code(&["--config", &chain, "--grace", "13s"]), 0);
    assert_eq!(code(&["--config", &chain, "--grace", "12.7s"]), TOO_LONG);
    let picture = path("plan.svg");
    assert_eq!(
        code(&["--config", &chain, "--grace", "13s", "--svg", &picture]),
        0
    );
    assert!(
        std::fs::read_to_string(&picture)
            .unwrap()
            .contains("</svg>")
    );
    assert_eq!(code(&["--procfile", &path("Procfile")]), 0);
    for bad in [
        &["--config", &path("bad.toml")][..],
        &["--config", &path("none.toml")],
        &["--config", &chain, "--grace", "soon"],
        &["--config", &chain, "--procfile", "x"],
        &["--config", &chain, "--svg", &path("none/plan.svg")],
        &["--sgv", "x"],
    ] {
        assert_eq!(code(bad), crate::USAGE, "{bad:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_reference_has_what_comes_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands/plan.md");
    let reference = std::fs::read_to_string(path).unwrap();
    let example = drawn(CHAIN, Style::PLAIN);
    assert!(
        reference.contains(&example),
        "the example is what comes out:\n{example}"
    );
    for key in json(CHAIN).as_object().unwrap().keys() {
        assert!(reference.contains(&format!("`{key}`")), "{key}");
    }
}
