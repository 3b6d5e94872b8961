//! Whatever stands beside a member, it is found.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::strategies::{Json, json, object, quoted, text as any_text};

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

proptest! {
    #[test]
    fn a_member_is_found_whatever_stands_beside_it(others in object(), name in any_text(), value in any_text()) {
        let Json::Object(mut members) = others else { unreachable!() };
        members.push((quoted(&name), Json::Scalar(quoted(&value))));
        let count = members.len();
        let object = raw(&Json::Object(members).compact());
        let read = Members::of(&object);
        prop_assert!(read.is_some(), "{}", object);
        let read = read.unwrap();
        prop_assert_eq!(read.names().count(), count);
        prop_assert!(read.text(&name).as_deref() == Some(value.as_str()));
    }

    #[test]
    fn an_object_is_found_whatever_stands_beside_it(mut others in vec(json(), 0..6), at: usize) {
        let at = at % (others.len() + 1);
        others.insert(at, Json::parse("{\"a\":1}"));
        let array = raw(&Json::Array(others.clone()).laid_out("\n ", " "));
        let read = objects(&array);
        prop_assert!(read.is_some(), "{}", array);
        let read = read.unwrap();
        prop_assert_eq!(read.len(), others.len());
        prop_assert!(read[at].is_some());
        for (one, other) in read.iter().zip(&others) {
            prop_assert_eq!(one.is_some(), matches!(other, Json::Object(_)));
        }
    }

    #[test]
    fn any_value_can_be_asked_for_anything(value in json()) {
        let value = raw(&value.compact());
        prop_assert!(text(&value).is_none() || scalar(&value).is_some());
        prop_assert!(count(&value).is_none() || boolean(&value).is_none());
        prop_assert!(elements(&value).map(|list| list.len()) == objects(&value).map(|list| list.len()));
        prop_assert!(!is_empty(&value) || Members::of(&value).is_none_or(|members| members.names().count() == 0));
        prop_assert_eq!(Members::of(&value).is_some(), value.get().starts_with('{'));
    }

    #[test]
    fn a_layout_is_taken_off(value in json(), between in "[ \n\r\t]{0,3}", around in "[ \n\r\t]{0,3}") {
        prop_assert_eq!(compact(&raw(&value.laid_out(&between, &around))), value.compact());
    }

    #[test]
    fn a_text_comes_back(given in any_text()) {
        prop_assert!(text(&raw(&quoted(&given))).as_deref() == Some(given.as_str()));
    }
}
