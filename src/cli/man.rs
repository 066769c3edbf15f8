//! The man page: one page with every command and its options, from the table of arguments.

use super::Args;
use clap::CommandFactory;
use clap_mangen::Man;

/// The page, in roff.
#[must_use]
pub fn man() -> Vec<u8> {
    let mut all = Args::command();
    all.build();
    let page = Man::new(all.clone());
    let mut out = Vec::new();
    // Writing into memory does not fail.
    let _ = page.render_title(&mut out);
    let _ = page.render_name_section(&mut out);
    let _ = page.render_synopsis_section(&mut out);
    let _ = page.render_description_section(&mut out);
    let _ = page.render_options_section(&mut out);
    out.extend_from_slice(b".SH COMMANDS\n");
    for c in all.get_subcommands().filter(|c| c.get_name() != "help") {
        command(c, "hearken", &mut out);
    }
    let _ = page.render_extra_section(&mut out);
    let _ = page.render_version_section(&mut out);
    out
}

fn command(c: &clap::Command, above: &str, out: &mut Vec<u8>) {
    let name = format!("{above} {}", c.get_name());
    let esc = |s: &str| s.replace('\\', "\\\\").replace('-', "\\-");
    let about = c.get_about().map(ToString::to_string).unwrap_or_default();
    let mut usage = String::new();
    for a in c.get_positionals() {
        let many = if a.get_num_args().is_some_and(|n| n.max_values() > 1) { "..." } else { "" };
        let word = format!("{}{many}", a.get_id().as_str().to_uppercase());
        usage += &if a.is_required_set() { format!(" {word}") } else { format!(" [{word}]") };
    }
    out.extend_from_slice(
        format!(".TP\n\\fB{}\\fR{}\n{}.\n", esc(&name), esc(&usage), esc(&about)).as_bytes(),
    );
    for a in c.get_arguments().filter(|a| !a.is_positional() && !a.is_global_set() && a.get_id() != "help") {
        let value = a.get_value_names().and_then(|v| v.first()).map_or(String::new(), |v| format!(" {v}"));
        let value = if a.get_action().takes_values() { value } else { String::new() };
        let help = a.get_help().map(ToString::to_string).unwrap_or_default();
        let long = a.get_long().unwrap_or_default();
        out.extend_from_slice(
            format!(".br\n\\fB\\-\\-{}\\fR{}: {}\n", esc(long), esc(&value), esc(&help)).as_bytes(),
        );
    }
    for s in c.get_subcommands().filter(|s| s.get_name() != "help") {
        command(s, &name, out);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_and_option_is_on_the_page() {
        let page = String::from_utf8(super::man()).unwrap();
        for words in ["hearken fetch", "hearken source add", "dry\\-run", "Exit codes", "hearken check"] {
            assert!(page.contains(words), "{words}\n{page}");
        }
    }
}
