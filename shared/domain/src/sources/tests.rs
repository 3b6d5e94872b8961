use super::*;
use crate::{
    ledger::record::{Common, Said},
    principal::Principal,
};
use jiff::Timestamp;

fn source(origin: SourceOrigin, request_id: &str, text: &str, uri: Option<&str>) -> Source {
    Source {
        common: Common {
            request_id: request_id.to_owned(),
            occurred_at: Timestamp::UNIX_EPOCH,
            account_id: "1".to_owned(),
            region: "r".to_owned(),
            principal: Principal::default(),
        },
        origin,
        carrier: Sha256::of(b"carrier"),
        ordinal: 1,
        text_sha256: (!text.is_empty()).then(|| crate::passage::hash(text)),
        excerpt: None,
        source_uri: uri.map(str::to_owned),
        title: None,
        found_at: None,
        score: None,
        cited: None,
        chunk_id: None,
        knowledge_base_id: None,
        said: Said::default(),
        certainty: match origin {
            SourceOrigin::Prompt => Certainty::Recorded,
            SourceOrigin::Response => Certainty::Reported,
        },
        completeness: 1,
    }
}

fn seen(uri: &str) -> DocumentSighting {
    DocumentSighting {
        document_uri: uri.to_owned(),
        text_sha256: None,
        knowledge_base_id: None,
        chunk_id: None,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        sample_request_id: "first".to_owned(),
    }
}

fn named_by(uri: &str) -> Source {
    source(SourceOrigin::Response, "r", "text", Some(uri))
}

fn certainties(joined: &JoinedSource) -> Vec<(&str, Certainty)> {
    joined.documents.iter().map(|document| (document.uri.as_str(), document.certainty)).collect()
}

#[test]
fn how_a_document_is_known_decides_how_certain_it_is() {
    use Certainty::{Inferred, Recorded, Reported};
    use SourceOrigin::{Prompt, Response};
    let known = Documents { found: vec![seen("s3://b/told"), seen("s3://b/x")], more: 2 };
    let prompt = source(Prompt, "r", "text", None);
    let response = source(Response, "r", "text", Some("s3://b/told"));
    let other = source(Response, "other", "text", Some("s3://b/x"));

    let alone = JoinedSource::of(&prompt, std::slice::from_ref(&prompt), &[], &Documents::default());
    assert_eq!((certainties(&alone), alone.certainty), (vec![], Recorded));

    let by_hash = JoinedSource::of(&prompt, std::slice::from_ref(&prompt), &[], &known);
    assert_eq!(certainties(&by_hash), [("s3://b/told", Inferred), ("s3://b/x", Inferred)]);
    assert_eq!(by_hash.documents_left_out, 2);
    assert!(by_hash.documents[0].basis.contains("request first"), "{:?}", by_hash.documents);

    let both = [prompt.clone(), response.clone()];
    let joined = JoinedSource::of(&prompt, &both, &[], &known);
    assert_eq!(certainties(&joined), [("s3://b/told", Recorded), ("s3://b/x", Inferred)]);
    let told = JoinedSource::of(&response, &both, &[], &known);
    assert_eq!((told.certainty, certainties(&told)[0]), (Recorded, ("s3://b/told", Recorded)));
    assert_eq!(told.in_context(), Told::Own(true));

    let told = JoinedSource::of(&response, std::slice::from_ref(&response), &[], &known);
    assert_eq!((told.certainty, certainties(&told)[0]), (Reported, ("s3://b/told", Reported)));
    assert_eq!(told.in_context(), Told::Nobody);

    let linked = JoinedSource::of(&prompt, std::slice::from_ref(&prompt), &[&other], &known);
    assert_eq!(certainties(&linked), [("s3://b/x", Inferred), ("s3://b/told", Inferred)]);
    assert!(linked.documents[0].basis.contains("request other"), "{:?}", linked.documents);

    // what another account says of a request of this one stays its word
    let mut foreign = response.clone();
    foreign.common.account_id = "2".to_owned();
    let both = [prompt.clone(), foreign.clone()];
    let joined = JoinedSource::of(&prompt, &both, &[], &Documents::default());
    assert_eq!(certainties(&joined), [("s3://b/told", Reported)]);
    assert!(joined.documents[0].basis.contains("account 2"), "{:?}", joined.documents);
    let told = JoinedSource::of(&foreign, &both, &[&prompt], &Documents::default());
    assert_eq!((told.certainty, certainties(&told)), (Reported, vec![("s3://b/told", Reported)]));
    // many documents of a text: those that are named may be among the ones that are only counted
    let joined = JoinedSource::of(
        &named_by("s3://b/zz"),
        &[],
        &[],
        &Documents { found: known.found.clone(), more: 2 },
    );
    assert_eq!((joined.documents.len(), joined.documents_left_out), (3, 1));

    let named = source(Prompt, "r", "text", Some("s3://b/x"));
    let joined = JoinedSource::of(&named, std::slice::from_ref(&named), &[], &known);
    assert_eq!(certainties(&joined), [("s3://b/x", Recorded), ("s3://b/told", Inferred)]);
}

#[test]
fn what_has_no_text_is_joined_with_nothing() {
    let empty = source(SourceOrigin::Prompt, "r", "", None);
    let told = source(SourceOrigin::Response, "r", "", Some("s3://b/x"));
    let joined = JoinedSource::of(&empty, &[empty.clone(), told], &[], &Documents::default());
    assert_eq!((joined.documents.len(), joined.seen_in.len()), (0, 0));
}

#[test]
fn what_a_linked_request_says_is_marked() {
    let prompt = source(SourceOrigin::Prompt, "r", "text", None);
    let mut other = source(SourceOrigin::Response, "other", "text", Some("s3://b/x"));
    (other.score, other.cited, other.said.page_number) = (Some(0.5), Some(true), Some(3.0));
    let joined = JoinedSource::of(&prompt, std::slice::from_ref(&prompt), &[&other], &Documents::default());
    assert_eq!((joined.score(), joined.cited()), (Told::Linked(0.5), Told::Linked(true)));
    assert_eq!((joined.page_in("s3://b/x"), joined.page_in("s3://b/y")), (Some(3.0), None));
    let uncited = Source { cited: Some(false), ..prompt };
    let joined = JoinedSource::of(&uncited, std::slice::from_ref(&uncited), &[&other], &Documents::default());
    assert_eq!(joined.cited(), Told::Own(false), "the own answer is what counts");
}

#[test]
fn the_same_rules_hold_for_a_line_of_a_list() {
    use Certainty::{Inferred, Recorded, Reported};
    use SourceOrigin::{Prompt, Response};
    for (sources, expected) in [
        (&[(Prompt, Some("u"))][..], Recorded),
        (&[(Response, Some("u"))], Reported),
        (&[(Prompt, None), (Response, Some("u"))], Recorded),
        (&[(Prompt, None)], Inferred),
        (&[(Prompt, Some("v")), (Response, Some("v"))], Inferred),
    ] {
        assert_eq!(certainty_of("u", sources.iter().copied()), expected, "{sources:?}");
    }
}
