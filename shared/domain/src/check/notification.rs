//! The notification configuration of a bucket, as XML: S3 replaces it as a whole, so whoever adds something has to put
//! everything back that was there, and what this program does not know as well. So its text is kept as it is.

/// The root of the document.
const ROOT: &str = "NotificationConfiguration";
const EVENT_BRIDGE: &str = "<EventBridgeConfiguration></EventBridgeConfiguration>";

/// A configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications<'a> {
    /// What stands before the content: the declaration, and the root with its namespace.
    head: &'a str,
    /// The entries, as they are written.
    entries: Vec<&'a str>,
}

impl<'a> Notifications<'a> {
    /// Takes a document apart; `None` where it is no such document, or not whole.
    pub fn of(document: &'a str) -> Option<Self> {
        let (before, _) = document.split_once(&format!("<{ROOT}"))?;
        let opening = tag(document.get(before.len()..)?)?;
        let (head, rest) = document.split_at_checked(before.len() + opening.len())?;
        if opening.ends_with("/>") {
            return rest.trim().is_empty().then(|| Self { head, entries: Vec::new() });
        }
        let content = rest.trim_end().strip_suffix(&format!("</{ROOT}>"))?;
        Some(Self { head, entries: elements(content)? })
    }

    /// Whether EventBridge is told.
    pub fn tells_event_bridge(&self) -> bool {
        self.entries.iter().any(|entry| tag(entry).is_some_and(|tag| name(tag) == "EventBridgeConfiguration"))
    }

    /// Whether every entry of another configuration is there, too.
    pub fn holds(&self, other: &Self) -> bool {
        other.entries.iter().all(|entry| self.entries.contains(entry))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The whole document, with EventBridge told.
    pub fn with_event_bridge(&self) -> String {
        let open = match self.head.strip_suffix("/>") {
            Some(open) => format!("{}>", open.trim_end()),
            None => self.head.to_owned(),
        };
        let added = if self.tells_event_bridge() { "" } else { EVENT_BRIDGE };
        format!("{open}{}{added}</{ROOT}>", self.entries.concat())
    }
}

/// The tag that a text begins with. In what S3 answers no attribute holds a `>`, and no text a `<`.
fn tag(text: &str) -> Option<&str> {
    text.starts_with('<').then_some(())?;
    text.get(..=text.find('>')?)
}

fn name(tag: &str) -> &str {
    let name = tag.trim_matches(['<', '>', '/']);
    name.split_whitespace().next().unwrap_or_default()
}

/// The elements of a content, one after the other; `None` where one does not end.
fn elements(content: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let mut rest = content.trim();
    while !rest.is_empty() {
        let element = rest.get(..end(rest)?)?;
        elements.push(element);
        rest = rest.get(element.len()..)?.trim_start();
    }
    Some(elements)
}

/// Where the element ends that a text begins with.
fn end(text: &str) -> Option<usize> {
    tag(text)?;
    let (mut depth, mut at) = (0usize, 0);
    loop {
        let next = at + text.get(at..)?.find('<')?;
        let tag = tag(text.get(next..)?)?;
        at = next + tag.len();
        if tag.starts_with("<!") || tag.starts_with("<?") {
            return None;
        } else if tag.starts_with("</") {
            depth = depth.checked_sub(1)?;
        } else if !tag.ends_with("/>") {
            depth += 1;
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    const QUEUE: &str = "<QueueConfiguration><Id>a &lt;/NotificationConfiguration&gt;</Id><Queue>arn:aws:sqs:r:a:q</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>x/</Value></FilterRule></S3Key></Filter></QueueConfiguration>";
    const TOPIC: &str =
        "<TopicConfiguration><Topic>t</Topic><Event>s3:ObjectRemoved:*</Event></TopicConfiguration>";
    const UNKNOWN: &str = "<NewConfiguration since=\"2027\"><Thing/></NewConfiguration>";
    const TOLD: &str = "<EventBridgeConfiguration/>";

    fn document(entries: &[&str]) -> String {
        format!("{HEAD}{}</NotificationConfiguration>", entries.concat())
    }

    #[test]
    fn every_entry_is_kept_as_it_is_written_and_adding_twice_is_adding_once() {
        let before = document(&[QUEUE, TOPIC, UNKNOWN]);
        let read = Notifications::of(&before).unwrap();
        assert!(!read.tells_event_bridge() && read.len() == 3);
        let after = read.with_event_bridge();
        assert_eq!(after, document(&[QUEUE, TOPIC, UNKNOWN, EVENT_BRIDGE]));
        let again = Notifications::of(&after).unwrap();
        assert!(again.tells_event_bridge() && again.holds(&read) && !read.holds(&again));
        assert_eq!(again.with_event_bridge(), after);
        let told = document(&[TOLD, QUEUE]);
        assert_eq!(Notifications::of(&told).unwrap().with_event_bridge(), told);
    }

    #[test]
    fn one_without_entries_gets_its_first() {
        for empty in [document(&[]), HEAD.replace("\">", "\"/>"), "<NotificationConfiguration />".to_owned()]
        {
            let read = Notifications::of(&empty).unwrap();
            assert!(read.is_empty() && !read.tells_event_bridge(), "{empty}");
            let after = read.with_event_bridge();
            let again = Notifications::of(&after).unwrap();
            assert!(again.len() == 1 && again.tells_event_bridge(), "{after}");
        }
    }

    #[test]
    fn what_is_not_whole_is_not_written_back() {
        let whole = document(&[QUEUE, TOPIC]);
        for cut in HEAD.len()..whole.len() {
            assert_eq!(Notifications::of(whole.get(..cut).unwrap()), None, "{cut}");
        }
        for other in [
            "",
            "{}",
            "<Error><Code>x</Code></Error>",
            "<NotificationConfiguration>",
            &document(&["<!-- x -->"]),
        ] {
            assert_eq!(Notifications::of(other), None, "{other}");
        }
    }
}
