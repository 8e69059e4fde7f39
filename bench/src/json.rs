//! Renders a comparison as one JSON object.

use crate::elf::Linked;
use crate::verdict::{Cell, Comparison, Met, Row};

/// The whole object, with a version so that a reader can tell.
pub(crate) fn render(comparison: &Comparison) -> String {
    let machine = &comparison.machine;
    let noun = comparison.subject.noun();
    let entrants = comparison.entrants.iter().map(|entrant| {
        let linked = match entrant.linked {
            Linked::Static => "static",
            Linked::Dynamic => "dynamic",
            Linked::Unknown => "unknown",
        };
        format!(
            "{{\"name\":{},\"version\":{},\"bytes\":{},\"linked\":\"{linked}\"}}",
            quote(&entrant.name),
            quote(&entrant.version),
            entrant.size
        )
    });
    let rows = comparison.rows.iter().map(|row| figure(comparison, row));
    format!(
        "{{\"version\":1,\"machine\":{{\"kernel\":{},\"processor\":{},\"cores\":{},\"date\":{},\"load\":{}}},\n\
         \"{noun}s\":[\n{}\n],\n\"figures\":[\n{}\n]}}\n",
        quote(&machine.kernel),
        quote(&machine.processor),
        machine.cores,
        quote(&machine.date),
        quote(&machine.load),
        entrants.collect::<Vec<_>>().join(",\n"),
        rows.collect::<Vec<_>>().join(",\n"),
    )
}

fn figure(comparison: &Comparison, row: &Row) -> String {
    let met = match row.verdict.met {
        Met::Yes => "true",
        Met::No => "false",
        Met::Open => "null",
    };
    let (best, ratio) = match &row.verdict.best {
        Some((name, ratio)) => (quote(name), number(*ratio)),
        None => ("null".into(), "null".into()),
    };
    let noun = comparison.subject.noun();
    let results = row.cells.iter().zip(&comparison.entrants).filter_map(|(cell, entrant)| {
        let name = quote(&entrant.name);
        Some(match cell.as_ref()? {
            Cell::Failed(reason) => format!("{{\"{noun}\":{name},\"failed\":{}}}", quote(reason)),
            Cell::Measured(summary) => format!(
                "{{\"{noun}\":{name},\"median\":{},\"q1\":{},\"q3\":{},\"min\":{},\"max\":{},\"count\":{}}}",
                number(summary.median),
                number(summary.q1),
                number(summary.q3),
                number(summary.min),
                number(summary.max),
                summary.count
            ),
        })
    });
    format!(
        "{{\"id\":{},\"title\":{},\"unit\":{},\"met\":{met},\"best_peer\":{best},\"ratio\":{ratio},\"says\":{},\"results\":[\n {}\n]}}",
        quote(&format!("{:?}", row.figure.id)),
        quote(row.figure.title),
        quote(&format!("{:?}", row.figure.unit)),
        quote(&row.verdict.says),
        results.collect::<Vec<_>>().join(",\n "),
    )
}

/// JSON has no infinity and no NaN.
fn number(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.3}")
    } else {
        "null".into()
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            letter if letter < ' ' => quoted += &format!("\\u{:04x}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict;

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quote("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000ad\"");
    }

    #[test]
    fn every_figure_is_there_with_its_verdict() {
        let text = render(&verdict::example());
        assert!(text.contains("\"id\":\"StartPid1\",\"title\":\"start, as PID 1\",\"unit\":\"Microseconds\",\"met\":true"));
        assert!(text.contains("\"best_peer\":\"fast-peer\",\"ratio\":0.420"));
        assert!(
            text.contains("{\"init\":\"slow <peer>\",\"failed\":\"hung\"}"),
            "{text}"
        );
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        assert_eq!(text.matches('[').count(), text.matches(']').count());
    }
}
