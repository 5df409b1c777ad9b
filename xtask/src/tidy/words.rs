//! Words that do not belong into what is published.

use super::File;

/// Folders of some machine and other things that mean nothing to a reader. Put together from halves,
/// so that this list is not itself a find.
const FOREIGN: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("issue", " #"),
    concat!("Issue", " #"),
    concat!("later", " sitting"),
    concat!("this", " sitting"),
];

pub(super) fn check(file: &File, breaches: &mut Vec<String>) {
    if file.path.ends_with("package-lock.json") {
        return;
    }
    for (index, line) in file.text.lines().enumerate() {
        for word in FOREIGN {
            if line.contains(word) {
                breaches.push(format!("{}:{}: {word:?} means nothing to a reader", file.path, index + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_machine_are_found() {
        let mut breaches = Vec::new();
        let text = format!("fine\nsee {}x\n", FOREIGN[0]);
        check(&File { path: "README.md".to_owned(), text }, &mut breaches);
        assert_eq!(breaches.len(), 1, "{breaches:?}");
    }
}
