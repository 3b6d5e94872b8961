//! What was named on the command line, as batches of objects: all files at once, a bucket page by page.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use audit_app::ports::{ListObjects, ListedObject};

use crate::objects::{find, looks_like_a_log};

/// Objects to index.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) objects: Vec<ListedObject>,
    /// Those whose names say that they are no logs.
    pub(super) passed_over: u64,
    /// What could not be read or listed, and why.
    pub(super) unreadable: Vec<(String, String)>,
    /// Below which folders bodies are looked for; `None` for objects in a bucket.
    pub(super) folders: Option<Vec<PathBuf>>,
}

/// Everything that was named, and how far it was listed.
pub(super) struct Places {
    files: Vec<PathBuf>,
    buckets: VecDeque<Prefix>,
}

struct Prefix {
    bucket: String,
    prefix: String,
    page: Option<String>,
    /// Whether a page was listed before.
    began: bool,
}

impl Places {
    pub(super) fn new(paths: &[PathBuf]) -> Result<Self, String> {
        let (mut files, mut buckets) = (Vec::new(), VecDeque::new());
        for path in paths {
            match in_bucket(path) {
                Some(place) => buckets.push_back(Prefix::parse(&place)?),
                None => files.push(path.clone()),
            }
        }
        Ok(Self { files, buckets })
    }

    /// The next objects; `None` where everything was listed.
    pub(super) async fn next_batch(&mut self, objects: &impl ListObjects) -> Option<Batch> {
        if !self.files.is_empty() {
            return Some(of_files(std::mem::take(&mut self.files)));
        }
        let mut prefix = self.buckets.pop_front()?;
        let listed = objects.list(&prefix.bucket, &prefix.prefix, prefix.page.take()).await;
        let page = match listed {
            Ok(page) => page,
            Err(error) => {
                return Some(Batch {
                    unreadable: vec![prefix.failed(&error.to_string())],
                    ..Batch::default()
                });
            }
        };
        let is_first_and_empty = page.objects.is_empty() && page.next.is_none() && !prefix.began;
        let mut batch = of_page(page.objects);
        if is_first_and_empty {
            batch.unreadable.push(prefix.failed("no object lies there"));
        }
        if page.next.is_some() {
            self.buckets.push_front(Prefix { page: page.next, began: true, ..prefix });
        }
        Some(batch)
    }
}

/// `s3://bucket/prefix`, also as a shell or a path type may have folded it.
fn in_bucket(path: &Path) -> Option<String> {
    let rest = path.to_str()?.strip_prefix("s3:")?;
    Some(rest.trim_start_matches('/').to_owned())
}

impl Prefix {
    fn parse(place: &str) -> Result<Self, String> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err("s3:// names no bucket: use s3://bucket/prefix".to_owned());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), page: None, began: false })
    }

    fn failed(&self, reason: &str) -> (String, String) {
        (format!("s3://{}/{}", self.bucket, self.prefix), reason.to_owned())
    }
}

fn of_files(paths: Vec<PathBuf>) -> Batch {
    let found = find(&paths);
    Batch {
        objects: found.files,
        passed_over: found.passed_over,
        unreadable: found.unreadable,
        folders: Some(paths),
    }
}

fn of_page(listed: Vec<ListedObject>) -> Batch {
    let mut batch = Batch::default();
    for object in listed {
        let name = object.location.key.rsplit('/').next().unwrap_or_default();
        if looks_like_a_log(name) {
            batch.objects.push(object);
        } else {
            batch.passed_over += 1;
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_told_apart_from_files() {
        let place = |typed: &str| in_bucket(Path::new(typed));
        assert_eq!(place("s3://b/p/q").as_deref(), Some("b/p/q"));
        assert_eq!(place("./s3:/b"), None);
        assert!(Places::new(&["s3://".into()]).is_err());
        let prefix = Prefix::parse("b").unwrap();
        assert_eq!((prefix.bucket.as_str(), prefix.prefix.as_str()), ("b", ""));
    }
}
